import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { OidcIr } from '../../ir/oidc.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type HeaderValueOption = Init<'envoy.config.core.v3.HeaderValueOption'>;

/** Name of the filter that hands requests to the sidecar. */
export const SIDECAR_FILTER = 'sluice.sidecar';
/** The cluster of the sidecar, which every bootstrap has. */
const SIDECAR_CLUSTER = 'sluice.sidecar';
/** The filter state by which the `policy` module says that it leaves a request to the sidecar; nobody else sets it. */
const SIDECAR_NEEDED = 'wasm.sluice.sidecar';
/** The filter state in which the `policy` module keeps the cookies that the back-end gets. */
const BACKEND_COOKIES = 'wasm.sluice.cookie';

const EXT_PROC = 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor';
/** Full name of the message that wraps a filter which runs for some requests alone. */
export const MATCHED = 'envoy.extensions.common.matching.v3.ExtensionWithMatcher';
const { SEND, SKIP } = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode');
const { NONE } = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode');
const { RETAIN } = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor.RouteCacheAction');
const { OVERWRITE_IF_EXISTS_OR_ADD } = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');
const { ServiceUnavailable } = enumMembers('envoy.type.v3.StatusCode');

/** How long the sidecar may take: it asks the provider, for which it has 5 s, and waits up to 2 s for the controller. */
const MESSAGE_TIMEOUT = 10_000;

/** The filter that hands requests to the sidecar: off, until a route turns it on, and then for those left to it alone. */
export function sidecarFilter(): HttpFilter {
  const processor = any(EXT_PROC, {
    grpcService: {
      targetSpecifier: { case: 'envoyGrpc', value: { clusterName: SIDECAR_CLUSTER, authority: 'sidecar' } },
    },
    messageTimeout: duration(MESSAGE_TIMEOUT),
    // Whoever cannot be logged in now is told so; never is somebody let through.
    failureModeAllow: false,
    statusOnError: { code: ServiceUnavailable },
    // The sidecar cannot move a request to another route: the filters of that route would not have run.
    routeCacheAction: RETAIN,
    processingMode: {
      requestHeaderMode: SEND,
      responseHeaderMode: SEND,
      requestBodyMode: NONE,
      responseBodyMode: NONE,
      requestTrailerMode: SKIP,
      responseTrailerMode: SKIP,
    },
  });
  return {
    name: SIDECAR_FILTER,
    disabled: true,
    configType: { case: 'typedConfig', value: onlyWhenLeftToSidecar(SIDECAR_FILTER, processor) },
  };
}

/** Wraps a filter so that it runs only for requests that the `policy` module has left to the sidecar. */
export function onlyWhenLeftToSidecar(name: string, typedConfig: Any): Any {
  return any(MATCHED, {
    extensionConfig: { name, typedConfig },
    xdsMatcher: {
      matcherType: {
        case: 'matcherList',
        value: {
          matchers: [
            {
              predicate: { matchType: { case: 'notMatcher', value: isLeftToSidecar() } },
              onMatch: { onMatch: { case: 'action', value: skip() } },
            },
          ],
        },
      },
    },
  });
}

function isLeftToSidecar(): Init<'xds.type.matcher.v3.Matcher.MatcherList.Predicate'> {
  const input = {
    name: 'filter-state',
    typedConfig: any('envoy.extensions.matching.common_inputs.network.v3.FilterStateInput', { key: SIDECAR_NEEDED }),
  };
  return {
    matchType: {
      case: 'singlePredicate',
      value: { input, matcher: { case: 'valueMatch', value: { matchPattern: { case: 'exact', value: '1' } } } },
    },
  };
}

function skip(): Init<'xds.core.v3.TypedExtensionConfig'> {
  return { name: 'skip', typedConfig: any('envoy.extensions.filters.common.matcher.action.v3.SkipFilter', {}) };
}

/** What a route says to have the sidecar log users in. */
export function sidecarPerRoute({ client }: OidcIr): Any {
  return any('envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute', {
    override: {
      case: 'overrides',
      value: {
        grpcInitialMetadata: [
          { key: 'sluice-handler', value: 'oidc' },
          { key: 'sluice-policy', value: client.id },
        ],
      },
    },
  });
}

/** What a route changes of requests whose users log in: the back-end gets no cookie of the gateway's. */
export function backendCookies(): {
  readonly toAdd: readonly HeaderValueOption[];
  readonly toRemove: readonly string[];
} {
  return {
    toRemove: ['cookie'],
    toAdd: [
      {
        header: { key: 'cookie', value: `%FILTER_STATE(${BACKEND_COOKIES}:PLAIN)%` },
        appendAction: OVERWRITE_IF_EXISTS_OR_ADD,
        keepEmptyValue: false,
      },
    ],
  };
}
