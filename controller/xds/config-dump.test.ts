import { describe, expect, it } from 'vitest';
import { encode } from './build/message.ts';
import { EMPTY_SNAPSHOT, xdsResource } from './snapshot.ts';
import { configDump } from './config-dump.ts';

describe('a config dump', () => {
  it('shows a certificate and leaves its private key out', () => {
    const secret = xdsResource(
      'secret',
      'default/tls',
      encode('envoy.extensions.transport_sockets.tls.v3.Secret', {
        name: 'default/tls',
        type: {
          case: 'tlsCertificate',
          value: {
            certificateChain: { specifier: { case: 'inlineString', value: 'CHAIN' } },
            privateKey: { specifier: { case: 'inlineString', value: 'PRIVATE' } },
          },
        },
      }),
    );
    const dump = configDump({ ...EMPTY_SNAPSHOT, secret: new Map([['default/tls', secret]]) });
    expect(JSON.stringify(dump)).not.toContain('PRIVATE');
    expect(dump.configs).toEqual([
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
        dynamic_active_secrets: [
          {
            name: 'default/tls',
            version_info: secret.version,
            secret: {
              '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
              name: 'default/tls',
              tls_certificate: {
                certificate_chain: { inline_string: 'CHAIN' },
                private_key: { inline_string: '[redacted]' },
              },
            },
          },
        ],
      },
    ]);
  });
});
