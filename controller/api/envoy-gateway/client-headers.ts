import { httpToken } from '../kubernetes/names.ts';
import { array, boolean, named, oneOf, required, string } from '../schema.ts';
import { stringMatch } from './string-match.ts';

const header = named('HeaderToSet', {
  name: required(string(httpToken)),
  value: required(string({ minLength: 1, maxLength: 4096 })),
});

const headers = array(header, { minItems: 1, maxItems: 64, mapKeys: ['name'] });

const mutation = named('ClientHeaderFilter', {
  set: headers,
  add: headers,
  addIfAbsent: headers,
  remove: array(string(), { minItems: 1, maxItems: 64, set: true }),
  removeOnMatch: array(stringMatch, { minItems: 1, maxItems: 64 }),
});

const forwardedClientCert = named(
  'XForwardedClientCert',
  {
    mode: oneOf(['Sanitize', 'ForwardOnly', 'AppendForward', 'SanitizeSet', 'AlwaysForwardOnly']),
    certDetailsToAdd: array(oneOf(['Subject', 'Cert', 'Chain', 'DNS', 'URI']), { maxItems: 5 }),
  },
  {
    rules: [
      {
        rule: "!has(self.certDetailsToAdd) || size(self.certDetailsToAdd) == 0 || (has(self.mode) && self.mode in ['AppendForward', 'SanitizeSet'])",
        message: 'must be absent unless mode is AppendForward or SanitizeSet',
        fieldPath: ['certDetailsToAdd'],
      },
    ],
  },
);

/** What happens to headers at the edge, before routing and after the answer. */
export const clientHeaders = named(
  'HeaderSettings',
  {
    enableEnvoyHeaders: boolean(),
    disableRateLimitHeaders: boolean(),
    xForwardedClientCert: forwardedClientCert,
    withUnderscoresAction: oneOf(['Allow', 'RejectRequest', 'DropHeader']),
    preserveXRequestID: { ...boolean(), deprecated: 'Use requestID.' },
    requestID: oneOf(['PreserveOrGenerate', 'Preserve', 'Generate', 'Disable']),
    earlyRequestHeaders: mutation,
    lateResponseHeaders: mutation,
    host: named('HostSettings', { stripTrailingHostDot: boolean() }),
  },
  {
    rules: [
      {
        rule: '!has(self.preserveXRequestID) || !has(self.requestID)',
        message: 'must have requestID or the older preserveXRequestID, not both',
      },
    ],
  },
);
