import type { TlsIr } from '../../ir/listener.ts';
import type { SecretIr } from '../../ir/secret.ts';
import { adsSource } from './config-source.ts';
import { any, type Init } from './message.ts';

/** Terminates TLS with certificates that come by SDS; offers HTTP/2 and HTTP/1.1 (ALPN). */
export function downstreamTls({ certificates }: TlsIr): Init<'envoy.config.core.v3.TransportSocket'> {
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
        commonTlsContext: {
          alpnProtocols: ['h2', 'http/1.1'],
          tlsCertificateSdsSecretConfigs: certificates.map((name) => ({ name, sdsConfig: adsSource() })),
        },
      }),
    },
  };
}

/** Reads the server name (SNI) that chooses the filter chain. */
export function tlsInspector(): Init<'envoy.config.listener.v3.ListenerFilter'> {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
    },
  };
}

/** A certificate with its key, as SDS carries it. */
export function tlsSecret(ir: SecretIr): Init<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  return {
    name: ir.name,
    type: {
      case: 'tlsCertificate',
      value: {
        certificateChain: { specifier: { case: 'inlineString', value: ir.certificateChain } },
        privateKey: { specifier: { case: 'inlineString', value: ir.privateKey } },
      },
    },
  };
}
