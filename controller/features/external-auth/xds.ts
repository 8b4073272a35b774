import { createHash } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ExternalAuthIr } from '../../ir/external-auth.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';
import { statusCode } from '../../xds/build/status-code.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type ExtAuthz = Init<typeof MESSAGE>;
type Headers = Init<'envoy.type.matcher.v3.ListStringMatcher'>;

const MESSAGE = 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz';

/** How long an answer may take, in milliseconds; Envoy's default is 200. */
const TIMEOUT = 10_000;

/** Headers of the server's answer that are about that answer: with them the request would be another. */
const OF_ANSWER =
  '^(?:connection|content-.*|date|keep-alive|proxy-.*|server|te|trailer|transfer-encoding|upgrade|x-envoy-.*)$';

/** Name of the filter that asks a server: stands for all that is asked but what a route says of itself. */
export function externalAuthFilterName(ir: ExternalAuthIr): string {
  const { cluster, service: how, headers, maxBody, timeout, failOpen, statusOnError, recomputesRoute } = ir;
  const parts = [cluster.name, how, headers, maxBody, timeout, failOpen, statusOnError];
  const asked = JSON.stringify(recomputesRoute ? [...parts, 'recomputesRoute'] : parts);
  return `sluice.external-auth/${createHash('sha256').update(asked).digest('hex').slice(0, 12)}`;
}

/**
 * The filter itself: off, until a route turns it on. Unless it is to be open a server that does not answer lets nothing pass: 403
 * (envoy.extensions.filters.http.ext_authz.v3).
 */
export function externalAuthFilter(ir: ExternalAuthIr): HttpFilter {
  return {
    name: externalAuthFilterName(ir),
    disabled: true,
    configType: { case: 'typedConfig', value: any(MESSAGE, config(ir)) },
  };
}

/** What a route says to turn the filter on. */
export function externalAuthPerRoute({ context }: ExternalAuthIr): Any {
  const contextExtensions = Object.fromEntries(context);
  if (context.size === 0) return any('envoy.config.route.v3.FilterConfig', { config: {} });
  const override = { case: 'checkSettings', value: { contextExtensions } } as const;
  return any('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute', { override });
}

function config(ir: ExternalAuthIr): ExtAuthz {
  return {
    services: service(ir),
    transportApiVersion: enumMembers('envoy.config.core.v3.ApiVersion').V3,
    failureModeAllow: ir.failOpen,
    ...(ir.statusOnError === undefined ? {} : { statusOnError: { code: statusCode(ir.statusOnError) } }),
    ...(ir.recomputesRoute && { clearRouteCache: true }),
    // A value that is none would otherwise be written into the request.
    validateMutations: true,
    ...(ir.service.kind === 'grpc' ? {} : { decoderHeaderMutationRules: { disallowExpression: { regex: OF_ANSWER } } }),
    ...(ir.headers.length === 0 ? {} : { allowedHeaders: exactly(ir.headers) }),
    // A longer body is answered with 413.
    ...(ir.maxBody === 0 ? {} : { withRequestBody: { maxRequestBytes: ir.maxBody, allowPartialMessage: false } }),
  };
}

function service({ service: asked, cluster, timeout = TIMEOUT }: ExternalAuthIr): NonNullable<ExtAuthz['services']> {
  switch (asked.kind) {
    case 'grpc':
      return {
        case: 'grpcService',
        value: {
          targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster.name, authority: 'external-auth' } },
          timeout: duration(timeout),
        },
      };
    case 'http':
      return {
        case: 'httpService',
        value: {
          serverUri: {
            // Envoy sends the request for the host that the client asked for.
            uri: 'http://external-auth',
            httpUpstreamType: { case: 'cluster', value: cluster.name },
            timeout: duration(timeout),
          },
          pathPrefix: asked.pathPrefix,
          ...(asked.pathOverride === undefined ? {} : { pathOverride: asked.pathOverride }),
          authorizationResponse:
            asked.toRequest.length === 0
              ? {}
              : { allowedUpstreamHeaders: asked.toRequest === 'all' ? ANY_HEADER : exactly(asked.toRequest) },
        },
      };
    default:
      return asked satisfies never;
  }
}

const ANY_HEADER: Headers = {
  patterns: [{ matchPattern: { case: 'safeRegex', value: { regex: '[^:].*' } } }],
};

function exactly(names: readonly string[]): Headers {
  return { patterns: names.map((name) => ({ matchPattern: { case: 'exact', value: name }, ignoreCase: true })) };
}
