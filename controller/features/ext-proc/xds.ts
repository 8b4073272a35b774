import { createHash } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { ExtProcIr, ProcessingIr } from '../../ir/ext-proc.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';
import { statusCode } from '../../xds/build/status-code.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type ProcessingMode = Init<'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode'>;

type ExtProcOverrides = Init<'envoy.extensions.filters.http.ext_proc.v3.ExtProcOverrides'>;

const MESSAGE = 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor';
const MESSAGE_PER_ROUTE = 'envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute';

const { SEND, SKIP } = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode');
const { RETAIN } = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor.RouteCacheAction');
const BODY = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode');
const BODY_MODE = {
  none: BODY.NONE,
  streamed: BODY.STREAMED,
  buffered: BODY.BUFFERED,
  bufferedPartial: BODY.BUFFERED_PARTIAL,
  fullDuplexStreamed: BODY.FULL_DUPLEX_STREAMED,
} as const;
/** How long a processor may think about one message when its policy does not say (Envoy Gateway's default). */
const DEFAULT_MESSAGE_TIMEOUT = 200;

/** How long the stream of a processor that only looks on stays open for its last message; Envoy's default is 5 s. */
const SHADOW_CLOSE_TIMEOUT = 1000;

/**
 * Name of the filter that serves as the `index`th processor of routes. The filters of a chain are few and the same for
 * every policy: what a policy may choose is in the route, save what Envoy has only here, and that is in the name.
 */
export function extProcFilterName(index: number, ir: ExtProcIr): string {
  const timeout = `${ir.messageTimeout ?? DEFAULT_MESSAGE_TIMEOUT}ms`;
  return [
    'sluice.ext-proc',
    index,
    timeout,
    ...(ir.allowModeOverride ? ['override'] : []),
    ...(ir.shadow ? ['shadow'] : []),
    ...(ir.statusOnError === undefined ? [] : [ir.statusOnError]),
    ...attributesHash(ir),
  ].join('.');
}

/** Stands for the attributes in a name. Envoy has fields for them in the route, too, and ignores those. */
function attributesHash({ request, response }: ExtProcIr): readonly string[] {
  const [sent, answered] = [request?.attributes ?? [], response?.attributes ?? []];
  if (sent.length === 0 && answered.length === 0) return [];
  return [
    createHash('sha256')
      .update(JSON.stringify([sent, answered]))
      .digest('hex')
      .slice(0, 12),
  ];
}

/** The filter itself: off, until a route turns it on with `extProcPerRoute`. */
export function extProcFilter(index: number, ir: ExtProcIr): HttpFilter {
  return {
    name: extProcFilterName(index, ir),
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any(MESSAGE, {
        // Never called: every route that turns the filter on names its own service.
        grpcService: grpcService(ir),
        messageTimeout: duration(ir.messageTimeout ?? DEFAULT_MESSAGE_TIMEOUT),
        // A processor cannot move a request to another route: the filters of that route would not have run.
        routeCacheAction: RETAIN,
        processingMode: processingMode(undefined, undefined),
        allowModeOverride: ir.allowModeOverride,
        requestAttributes: [...(ir.request?.attributes ?? [])],
        responseAttributes: [...(ir.response?.attributes ?? [])],
        ...(ir.shadow && { observabilityMode: true, deferredCloseTimeout: duration(SHADOW_CLOSE_TIMEOUT) }),
        ...statusOnError(ir.statusOnError),
      }),
    },
  };
}

/** What a route says to have the processor. */
export function extProcPerRoute(ir: ExtProcIr): Any {
  return any(MESSAGE_PER_ROUTE, {
    override: {
      case: 'overrides',
      value: {
        grpcService: grpcService(ir),
        processingMode: processingMode(ir.request, ir.response),
        // To look on is not to decide: without the processor a request goes where it would have gone with it.
        failureModeAllow: ir.failOpen || ir.shadow,
        ...metadataOptions(ir),
      },
    },
  });
}

function statusOnError(code: number | undefined): Init<typeof MESSAGE> {
  if (code === undefined) return {};
  return { statusOnError: { code: statusCode(code) } };
}

function metadataOptions({ accessibleNamespaces, writableNamespaces }: ExtProcIr): ExtProcOverrides {
  if (accessibleNamespaces.length === 0 && writableNamespaces.length === 0) return {};
  return {
    metadataOptions: {
      forwardingNamespaces: { untyped: [...accessibleNamespaces] },
      receivingNamespaces: { untyped: [...writableNamespaces] },
    },
  };
}

function grpcService(ir: ExtProcIr): Init<'envoy.config.core.v3.GrpcService'> {
  return {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName: ir.cluster.name, authority: 'processor' } },
    initialMetadata: [{ key: 'sluice-policy', value: ir.name }],
  };
}

function processingMode(request: ProcessingIr | undefined, response: ProcessingIr | undefined): ProcessingMode {
  return {
    requestHeaderMode: request === undefined ? SKIP : SEND,
    responseHeaderMode: response === undefined ? SKIP : SEND,
    requestBodyMode: BODY_MODE[request?.body ?? 'none'],
    responseBodyMode: BODY_MODE[response?.body ?? 'none'],
    requestTrailerMode: request?.body === 'fullDuplexStreamed' ? SEND : SKIP,
    responseTrailerMode: response?.body === 'fullDuplexStreamed' ? SEND : SKIP,
  };
}
