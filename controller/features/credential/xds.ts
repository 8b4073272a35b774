import { createHash } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { CredentialIr } from '../../ir/credential.ts';
import { adsSource } from '../../xds/build/config-source.ts';
import { any, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

const GENERIC = 'envoy.extensions.http.injected_credentials.generic.v3.Generic';

/** Name of the filter that puts a credential into requests: stands for all but the value. */
export function credentialFilterName({ secret, header, overwrites }: CredentialIr): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([header, overwrites]))
    .digest('hex')
    .slice(0, 8);
  return `sluice.${secret}/${hash}`;
}

/**
 * The filter itself: off, until a route or back-end turns it on. The value comes by SDS; without it Envoy answers 401
 * (envoy.extensions.filters.http.credential_injector.v3).
 */
export function credentialFilter(ir: CredentialIr): HttpFilter {
  const credential = { name: ir.secret, sdsConfig: adsSource() };
  return {
    name: credentialFilterName(ir),
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.credential_injector.v3.CredentialInjector', {
        overwrite: ir.overwrites,
        credential: {
          name: 'envoy.http.injected_credentials.generic',
          typedConfig: any(GENERIC, { credential, header: ir.header }),
        },
      }),
    },
  };
}

/** What a route or back-end says to turn the filter on. */
export function credentialPerRoute(): Any {
  return any('envoy.config.route.v3.FilterConfig', { config: {} });
}

/** The value, as SDS carries it. */
export function credentialSecret(ir: CredentialIr): Init<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  const secret = { specifier: { case: 'inlineBytes', value: new Uint8Array(ir.secretValue) } } as const;
  return { name: ir.secret, type: { case: 'genericSecret', value: { secret } } };
}
