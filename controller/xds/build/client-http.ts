import { enumMembers } from '#proto/load.ts';
import { http2Options } from '../../features/connection/xds.ts';
import type { ClientHttp1Ir, ClientHttpIr, HeaderMutationIr, ForwardedCertificateIr } from '../../ir/client-traffic.ts';
import type { HeaderIr } from '../../ir/route.ts';
import { addressDetection } from './client-address.ts';
import { textMatcher } from './match.ts';
import { any, duration, type Init } from './message.ts';

const CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

type Manager = Init<typeof CONNECTION_MANAGER>;
type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type NetworkFilter = Init<'envoy.config.listener.v3.Filter'>;

const SLASHES = enumMembers(`${CONNECTION_MANAGER}.PathWithEscapedSlashesAction`);
const ESCAPED_SLASHES = {
  keep: SLASHES.KEEP_UNCHANGED,
  reject: SLASHES.REJECT_REQUEST,
  unescapeAndForward: SLASHES.UNESCAPE_AND_FORWARD,
  unescapeAndRedirect: SLASHES.UNESCAPE_AND_REDIRECT,
} as const;

const WITH_UNDERSCORES = enumMembers('envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction');
const UNDERSCORES = {
  allow: WITH_UNDERSCORES.ALLOW,
  reject: WITH_UNDERSCORES.REJECT_REQUEST,
  drop: WITH_UNDERSCORES.DROP_HEADER,
} as const;

/** How connections of clients are spoken with; what nobody says is our default. */
export function clientSettings(ir: ClientHttpIr): Manager {
  const detection = addressDetection(ir.clientAddress);
  return {
    // Envoy takes one or the other.
    useRemoteAddress: detection.length === 0,
    ...(detection.length === 0 ? {} : { originalIpDetectionExtensions: [...detection] }),
    normalizePath: true,
    // "a.test." is the host "a.test" (RFC 3986 section 3.2.2): else it would be one of a wider listener or route.
    stripTrailingHostDot: true,
    mergeSlashes: ir.keepsSlashes === undefined,
    pathWithEscapedSlashesAction: ESCAPED_SLASHES[ir.escapedSlashes ?? 'unescapeAndRedirect'],
    commonHttpProtocolOptions: commonOptions(ir),
    ...timeouts(ir),
    ...(ir.http1 === undefined ? {} : { httpProtocolOptions: http1Options(ir.http1) }),
    ...(ir.http2 === undefined ? {} : { http2ProtocolOptions: http2Options(ir.http2) }),
    ...(ir.requestId === undefined ? {} : REQUEST_ID[ir.requestId]),
    ...(ir.forwardedCertificate === undefined ? {} : forwardedCertificate(ir.forwardedCertificate)),
    ...(ir.schemeOfBackend === undefined ? {} : { schemeHeaderTransformation: { matchUpstream: true } }),
    ...(ir.earlyRequestHeaders === undefined
      ? {}
      : { earlyHeaderMutationExtensions: [earlyMutation(ir.earlyRequestHeaders)] }),
  };
}

function commonOptions(ir: ClientHttpIr): Init<'envoy.config.core.v3.HttpProtocolOptions'> {
  const { idleTimeout, maxConnectionDuration, maxRequestsPerConnection, maxStreamDuration } = ir;
  return {
    headersWithUnderscoresAction: UNDERSCORES[ir.underscores ?? 'reject'],
    ...(idleTimeout === undefined ? {} : { idleTimeout: duration(idleTimeout) }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration: duration(maxConnectionDuration) }),
    ...(maxRequestsPerConnection === undefined ? {} : { maxRequestsPerConnection }),
    ...(maxStreamDuration === undefined ? {} : { maxStreamDuration: duration(maxStreamDuration) }),
  };
}

function timeouts({ requestTimeout, requestHeadersTimeout, streamIdleTimeout }: ClientHttpIr): Manager {
  return {
    ...(requestTimeout === undefined ? {} : { requestTimeout: duration(requestTimeout) }),
    ...(requestHeadersTimeout === undefined ? {} : { requestHeadersTimeout: duration(requestHeadersTimeout) }),
    ...(streamIdleTimeout === undefined ? {} : { streamIdleTimeout: duration(streamIdleTimeout) }),
  };
}

/** The host of requests of HTTP/1.0 that have none. */
const DEFAULT_HOST = 'localhost';

function http1Options(ir: ClientHttp1Ir): Init<'envoy.config.core.v3.Http1ProtocolOptions'> {
  const preserving = any('envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig', {});
  return {
    enableTrailers: ir.trailers,
    ...(ir.preservesCase
      ? {
          headerKeyFormat: {
            headerFormat: { case: 'statefulFormatter', value: { name: 'preserve_case', typedConfig: preserving } },
          },
        }
      : {}),
    ...(ir.http10 === undefined
      ? {}
      : { acceptHttp10: true, ...(ir.http10.usesDefaultHost ? { defaultHostForHttp10: DEFAULT_HOST } : {}) }),
    ...(ir.ignoredUpgrades.length === 0 ? {} : { ignoreHttp11Upgrade: ir.ignoredUpgrades.map(textMatcher) }),
  };
}

const REQUEST_ID = {
  preserveOrGenerate: { generateRequestId: true, preserveExternalRequestId: true },
  preserve: { generateRequestId: false, preserveExternalRequestId: true },
  generate: { generateRequestId: true, preserveExternalRequestId: false },
  disable: { generateRequestId: false, preserveExternalRequestId: false },
} as const;

const FORWARD = enumMembers(`${CONNECTION_MANAGER}.ForwardClientCertDetails`);
const FORWARD_MODES = {
  sanitize: FORWARD.SANITIZE,
  forwardOnly: FORWARD.FORWARD_ONLY,
  appendForward: FORWARD.APPEND_FORWARD,
  sanitizeSet: FORWARD.SANITIZE_SET,
  alwaysForwardOnly: FORWARD.ALWAYS_FORWARD_ONLY,
} as const;

function forwardedCertificate({ mode, details }: ForwardedCertificateIr): Manager {
  const has = (detail: (typeof details)[number]): boolean => details.includes(detail);
  return {
    forwardClientCertDetails: FORWARD_MODES[mode],
    ...(details.length === 0
      ? {}
      : {
          setCurrentClientCertDetails: {
            subject: has('subject'),
            cert: has('cert'),
            chain: has('chain'),
            dns: has('dns'),
            uri: has('uri'),
          },
        }),
  };
}

const APPEND = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');

type Mutation = Init<'envoy.config.common.mutation_rules.v3.HeaderMutation'>;

function mutationsOf(ir: HeaderMutationIr): Mutation[] {
  const append = ({ name, value }: HeaderIr, appendAction: Value<typeof APPEND>): Mutation => ({
    action: { case: 'append', value: { header: { key: name, value: value.replaceAll('%', '%%') }, appendAction } },
  });
  return [
    ...ir.set.map((header) => append(header, APPEND.OVERWRITE_IF_EXISTS_OR_ADD)),
    ...ir.add.map((header) => append(header, APPEND.APPEND_IF_EXISTS_OR_ADD)),
    ...ir.addIfAbsent.map((header) => append(header, APPEND.ADD_IF_ABSENT)),
    ...ir.remove.map((value): Mutation => ({ action: { case: 'remove', value } })),
    ...ir.removeMatching.map((match): Mutation => ({
      action: { case: 'removeOnMatch', value: { keyMatcher: textMatcher(match) } },
    })),
  ];
}

function earlyMutation(ir: HeaderMutationIr): Init<'envoy.config.core.v3.TypedExtensionConfig'> {
  return {
    name: 'envoy.http.early_header_mutation.header_mutation',
    typedConfig: any('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
      mutations: mutationsOf(ir),
    }),
  };
}

type Value<T> = T[keyof T];

/** The filters of a chain that come before all others: of an answer they are the last to see it. */
export function clientFilters({ healthCheckPath, lateResponseHeaders }: ClientHttpIr): readonly HttpFilter[] {
  return [
    ...(lateResponseHeaders === undefined ? [] : [lateMutation(lateResponseHeaders)]),
    ...(healthCheckPath === undefined ? [] : [healthCheck(healthCheckPath)]),
  ];
}

function lateMutation(ir: HeaderMutationIr): HttpFilter {
  return {
    name: 'envoy.filters.http.header_mutation',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
        mutations: { responseMutations: mutationsOf(ir) },
      }),
    },
  };
}

function healthCheck(path: string): HttpFilter {
  const matcher = {
    headerMatchSpecifier: { case: 'stringMatch', value: textMatcher({ kind: 'exact', value: path }) },
  } as const;
  return {
    name: 'envoy.filters.http.health_check',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.health_check.v3.HealthCheck', {
        passThroughMode: false,
        headers: [{ name: ':path', ...matcher }],
      }),
    },
  };
}

/** The filter that ends every chain. */
export function router({ tellsEnvoyHeaders }: ClientHttpIr): HttpFilter {
  return {
    name: 'envoy.filters.http.router',
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.router.v3.Router', {
        suppressEnvoyHeaders: tellsEnvoyHeaders === undefined,
      }),
    },
  };
}

/** What comes before the connection manager. */
export function connectionLimit(name: string, { connectionLimit: limit }: ClientHttpIr): readonly NetworkFilter[] {
  if (limit === undefined) return [];
  return [
    {
      name: 'envoy.filters.network.connection_limit',
      configType: {
        case: 'typedConfig',
        value: any('envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit', {
          statPrefix: name,
          maxConnections: BigInt(limit.most),
          ...(limit.closeDelay === undefined ? {} : { delay: duration(limit.closeDelay) }),
        }),
      },
    },
  ];
}
