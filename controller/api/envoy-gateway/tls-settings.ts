import type { Rule } from '../schema.ts';
import { array, oneOf, string } from '../schema.ts';

const version = oneOf(['Auto', '1.0', '1.1', '1.2', '1.3']);

/** TLS parameters that clients' and back-ends' connections have in common. */
export const tlsSettingsFields = {
  minVersion: version,
  maxVersion: version,
  ciphers: array(string()),
  ecdhCurves: array(string()),
  signatureAlgorithms: array(string()),
  alpnProtocols: array(string()),
  fingerprints: array(oneOf(['JA3', 'JA4'])),
};

/** Envoy's own minimum is TLS 1.2, which therefore stands in for an absent minVersion. */
export const tlsSettingsRules: readonly Rule[] = [
  {
    rule: "!has(self.minVersion) || self.minVersion != '1.3' || !has(self.ciphers)",
    message: 'must be absent when minVersion is 1.3, whose ciphers cannot be chosen',
    fieldPath: ['ciphers'],
  },
  {
    rule: "!has(self.maxVersion) || {'Auto': 0, '1.0': 1, '1.1': 2, '1.2': 3, '1.3': 4}[has(self.minVersion) ? self.minVersion : '1.2'] <= {'1.0': 1, '1.1': 2, '1.2': 3, '1.3': 4, 'Auto': 5}[self.maxVersion]",
    message: 'must not be below minVersion (1.2 where that is absent)',
    fieldPath: ['maxVersion'],
  },
];
