import { preciseHostname } from '../kubernetes/names.ts';
import type { Rule } from '../schema.ts';
import { array, boolean, string, withDefault } from '../schema.ts';
import { localObjectReference, secretObjectReference } from '../gateway-api/references.ts';
import { tlsSettingsFields, tlsSettingsRules } from './tls-settings.ts';

/** TLS from the proxy to a Backend. */
export const backendTlsFields = {
  caCertificateRefs: array(localObjectReference, { maxItems: 8 }),
  wellKnownCACertificates: string({
    minLength: 1,
    maxLength: 253,
    pattern:
      '^(System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$',
    patternHint: 'System or a domain-prefixed name',
  }),
  insecureSkipVerify: withDefault(boolean(), false),
  sni: string(preciseHostname),
  autoSNIFromEndpointHostname: boolean(),
  clientCertificateRef: secretObjectReference,
  ...tlsSettingsFields,
};

const hasCa = '(has(self.caCertificateRefs) && size(self.caCertificateRefs) > 0)';

/** What holds across the fields of a Backend's TLS. */
export const backendTlsRules: readonly Rule[] = [
  {
    rule: `!${hasCa} || !has(self.wellKnownCACertificates)`,
    message: 'must have caCertificateRefs or wellKnownCACertificates, not both',
  },
  {
    rule: `!self.insecureSkipVerify || (!${hasCa} && !has(self.wellKnownCACertificates))`,
    message: 'must not name certificate authorities when insecureSkipVerify is true',
  },
  {
    rule: '!has(self.sni) || !has(self.autoSNIFromEndpointHostname) || !self.autoSNIFromEndpointHostname',
    message: 'must be absent when autoSNIFromEndpointHostname is true',
    fieldPath: ['sni'],
  },
  ...tlsSettingsRules,
];
