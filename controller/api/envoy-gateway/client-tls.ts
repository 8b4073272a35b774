import { secretObjectReference } from '../gateway-api/references.ts';
import { array, boolean, named, object, oneOf, required, string } from '../schema.ts';
import { stringMatch, stringMatchFields } from './string-match.ts';
import { tlsSettingsFields, tlsSettingsRules } from './tls-settings.ts';

const subjectAltNames = named('SubjectAltNames', {
  dnsNames: array(stringMatch),
  emailAddresses: array(stringMatch),
  ipAddresses: array(stringMatch),
  uris: array(stringMatch),
  otherNames: array(named('OtherSANMatch', { oid: required(string()), ...stringMatchFields })),
});

const clientValidation = named(
  'ClientValidationContext',
  {
    optional: { ...boolean(), deprecated: 'Use mode.' },
    mode: oneOf(['Request', 'RequireAny', 'VerifyIfGiven', 'RequireAndVerify']),
    caCertificateRefs: array(secretObjectReference, { maxItems: 8 }),
    spkiHashes: array(string()),
    certificateHashes: array(string()),
    subjectAltNames,
    crl: named('CrlContext', {
      refs: required(array(secretObjectReference, { minItems: 1, maxItems: 8 })),
      onlyVerifyLeafCertificate: boolean(),
    }),
    allowExpiredCertificate: boolean(),
  },
  {
    rules: [
      {
        rule: "!has(self.allowExpiredCertificate) || !self.allowExpiredCertificate || !has(self.mode) || self.mode in ['VerifyIfGiven', 'RequireAndVerify']",
        message: 'must be absent or false unless mode is VerifyIfGiven or RequireAndVerify',
        fieldPath: ['allowExpiredCertificate'],
      },
    ],
  },
);

/** TLS of clients' connections. */
export const clientTls = named(
  'ClientTLSSettings',
  {
    ...tlsSettingsFields,
    clientValidation,
    session: named('Session', {
      resumption: named('SessionResumption', { stateless: object({}), stateful: object({}) }),
    }),
  },
  { rules: tlsSettingsRules },
);
