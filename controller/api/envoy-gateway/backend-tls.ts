import { preciseHostname } from '../kubernetes/names.ts';
import type { Rule } from '../schema.ts';
import { boolean, string, withDefault } from '../schema.ts';
import { secretObjectReference } from '../gateway-api/references.ts';
import { trustedAuthorities } from '../gateway-api/trusted-authorities.ts';
import { tlsSettingsFields, tlsSettingsRules } from './tls-settings.ts';

/** TLS from the proxy to a Backend. */
export const backendTlsFields = {
  ...trustedAuthorities,
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
