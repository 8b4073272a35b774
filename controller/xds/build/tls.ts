import { enumMembers } from '#proto/load.ts';
import type { ClientNameIr, ClientValidationIr } from '../../ir/client-validation.ts';
import type { TlsIr } from '../../ir/listener.ts';
import { type SecretIr, SYSTEM_TRUST } from '../../ir/secret.ts';
import type { SubjectAltNameIr, TlsParametersIr, TrustedIr, UpstreamTlsIr } from '../../ir/upstream-tls.ts';
import { adsSource } from './config-source.ts';
import { textMatcher } from './match.ts';
import { any, type Init } from './message.ts';

type CommonTls = Init<'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext'>;
type TransportSocket = Init<'envoy.config.core.v3.TransportSocket'>;
type SdsConfig = Init<'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig'>;

/** Terminates TLS with certificates that come by SDS; `alpn` are the protocols that are offered where nobody says. */
export function downstreamTls(
  { certificates, clients, parameters, resumption }: TlsIr,
  alpn: readonly string[],
): TransportSocket {
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
        ...(clients === undefined ? {} : { requireClientCertificate: clients.required }),
        ...(resumption === undefined ? {} : { disableStatefulSessionResumption: !resumption.stateful }),
        ...(resumption === undefined || resumption.stateless
          ? {}
          : { sessionTicketKeysType: { case: 'disableStatelessSessionResumption', value: true } }),
        commonTlsContext: {
          alpnProtocols: [...alpn],
          ...tlsParameters(parameters ?? {}),
          tlsCertificateSdsSecretConfigs: certificates.map(fromAds),
          ...(clients === undefined ? {} : clientValidation(clients)),
        },
      }),
    },
  };
}

const { ACCEPT_UNTRUSTED } = enumMembers(
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.TrustChainVerification',
);

/** What clients' certificates are held to. */
function clientValidation(ir: ClientValidationIr): CommonTls {
  const own = {
    ...(ir.takesUntrusted ? { trustChainVerification: ACCEPT_UNTRUSTED } : {}),
    ...(ir.spkiHashes === undefined ? {} : { verifyCertificateSpki: [...ir.spkiHashes] }),
    ...(ir.certificateHashes === undefined ? {} : { verifyCertificateHash: [...ir.certificateHashes] }),
    ...(ir.subjectAltNames === undefined ? {} : { matchTypedSubjectAltNames: ir.subjectAltNames.map(clientName) }),
    ...(ir.takesExpired === undefined ? {} : { allowExpiredCertificate: true }),
    ...(ir.revocations === undefined
      ? {}
      : {
          crl: { specifier: { case: 'inlineString', value: ir.revocations.lists } } as const,
          onlyVerifyLeafCertCrl: ir.revocations.leafOnly,
        }),
  };
  if (ir.trust === undefined) return { validationContextType: { case: 'validationContext', value: own } };
  const secret = fromAds(ir.trust.name);
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: { defaultValidationContext: own, validationContextSdsSecretConfig: secret },
    },
  };
}

/**
 * Speaks TLS to a back-end. Without a list of names its certificate has to be for the server name that it is asked for. TLS
 * 1.3 is allowed, which Envoy's default for clients is not.
 */
export function upstreamTls(ir: UpstreamTlsIr): TransportSocket {
  const { sni, sniOfEndpoint, subjectAltNames, clientCertificate, parameters, trust } = ir;
  const isNamed = trust.kind === 'unverified' || subjectAltNames.length > 0;
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
        ...(sni === undefined ? {} : { sni }),
        ...(sniOfEndpoint === undefined ? {} : { autoHostSni: true }),
        ...(isNamed ? {} : { autoSniSanValidation: true }),
        commonTlsContext: {
          ...tlsParameters({ maxVersion: '1.3', ...parameters }),
          ...(clientCertificate === undefined ? {} : { tlsCertificateSdsSecretConfigs: [fromAds(clientCertificate)] }),
          ...validation(trust, subjectAltNames),
        },
      }),
    },
  };
}

function validation(trust: TrustedIr, names: readonly SubjectAltNameIr[]): CommonTls {
  if (trust.kind === 'unverified') return {};
  const secret = fromAds(trust.kind === 'system' ? SYSTEM_TRUST : trust.name);
  if (names.length === 0) {
    return { validationContextType: { case: 'validationContextSdsSecretConfig', value: secret } };
  }
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: names.map(sanMatcher) },
        validationContextSdsSecretConfig: secret,
      },
    },
  };
}

const SAN_TYPE = enumMembers('envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType');
const SAN_TYPES = { dns: SAN_TYPE.DNS, uri: SAN_TYPE.URI, email: SAN_TYPE.EMAIL, ip: SAN_TYPE.IP_ADDRESS } as const;

type SanMatcher = Init<'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher'>;

function sanMatcher({ kind, value }: SubjectAltNameIr): SanMatcher {
  return { sanType: SAN_TYPES[kind], matcher: { matchPattern: { case: 'exact', value } } };
}

function clientName(name: ClientNameIr): SanMatcher {
  const { kind, value } = name;
  const matcher = textMatcher({ kind, value });
  if (name.type === 'other') return { sanType: SAN_TYPE.OTHER_NAME, oid: name.oid, matcher };
  return { sanType: SAN_TYPES[name.type], matcher };
}

const VERSION = enumMembers('envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol');
const VERSIONS = { '1.0': VERSION.TLSv1_0, '1.1': VERSION.TLSv1_1, '1.2': VERSION.TLSv1_2, '1.3': VERSION.TLSv1_3 };

/** What is negotiated. */
export function tlsParameters(ir: TlsParametersIr): CommonTls {
  const { minVersion, maxVersion, ciphers, curves, signatureAlgorithms, alpn } = ir;
  const tlsParams = {
    ...(minVersion === undefined ? {} : { tlsMinimumProtocolVersion: VERSIONS[minVersion] }),
    ...(maxVersion === undefined ? {} : { tlsMaximumProtocolVersion: VERSIONS[maxVersion] }),
    ...(ciphers === undefined ? {} : { cipherSuites: [...ciphers] }),
    ...(curves === undefined ? {} : { ecdhCurves: [...curves] }),
    ...(signatureAlgorithms === undefined ? {} : { signatureAlgorithms: [...signatureAlgorithms] }),
  };
  return {
    ...(Object.keys(tlsParams).length === 0 ? {} : { tlsParams }),
    ...(alpn === undefined ? {} : { alpnProtocols: [...alpn] }),
  };
}

function fromAds(name: string): SdsConfig {
  return { name, sdsConfig: adsSource() };
}

/** Reads the server name (SNI) that chooses the filter chain, and takes these fingerprints of the client. */
export function tlsInspector(
  fingerprints: ReadonlySet<string> = new Set(),
): Init<'envoy.config.listener.v3.ListenerFilter'> {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {
        ...(fingerprints.has('JA3') ? { enableJa3Fingerprinting: true } : {}),
        ...(fingerprints.has('JA4') ? { enableJa4Fingerprinting: true } : {}),
      }),
    },
  };
}

/** A secret as SDS carries it. */
export function tlsSecret(ir: SecretIr): Init<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  switch (ir.kind) {
    case 'certificate':
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
    case 'trust':
      return trusted(ir.name, { specifier: { case: 'inlineString', value: ir.certificates } });
    case 'systemTrust':
      return trusted(ir.name, { specifier: { case: 'filename', value: ir.path } });
    default:
      return ir satisfies never;
  }
}

function trusted(
  name: string,
  trustedCa: Init<'envoy.config.core.v3.DataSource'>,
): Init<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  return { name, type: { case: 'validationContext', value: { trustedCa } } };
}
