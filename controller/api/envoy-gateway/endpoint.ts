import { preciseHostname } from '../kubernetes/names.ts';
import { integer, named, required, string } from '../schema.ts';

const port = required(integer({ minimum: 0, maximum: 65_535 }));

/** One place that a connection can go to: exactly one of fqdn, ip and unix. */
export const endpointFields = {
  hostname: string(preciseHostname),
  fqdn: named('FQDNEndpoint', {
    hostname: required(
      string({ ...preciseHostname, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\.?$' }),
    ),
    port,
  }),
  ip: named('IPEndpoint', { address: required(string({ format: 'ip' })), port }),
  unix: named('UnixSocket', {
    path: required(
      string({
        minLength: 1,
        description: 'The path of a socket on the proxy.',
        // sun_path is 108 bytes on Linux (unix(7)).
        rules: [{ rule: 'size(self) <= 108', message: 'must have at most 108 characters' }],
      }),
    ),
  }),
  zone: string(),
};
