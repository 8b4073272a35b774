import type { BodyMessage, HeadersMessage, Phase, PhaseMessage, StreamInfo, TrailersMessage } from './phases.ts';
import type {
  PhaseResult,
  RequestChanges,
  RequestHeadersChanges,
  ResponseChanges,
  ResponseHeadersChanges,
  Result,
  TrailersChanges,
} from './results.ts';

type Handler<Message, Context, Changes> = (
  phase: Phase<Message, Context>,
  // `void` lets a handler end without a return statement.
) => Result<Changes> | void | Promise<Result<Changes> | void>;

/** The phases of a stream; one without a handler goes on unchanged. The messages of a stream come one after the other. */
export interface ProcessorHandlers<Context> {
  readonly onRequestHeaders?: Handler<HeadersMessage, Context, RequestHeadersChanges>;
  readonly onRequestBody?: Handler<BodyMessage, Context, RequestChanges>;
  readonly onRequestTrailers?: Handler<TrailersMessage, Context, TrailersChanges>;
  readonly onResponseHeaders?: Handler<HeadersMessage, Context, ResponseHeadersChanges>;
  readonly onResponseBody?: Handler<BodyMessage, Context, ResponseChanges>;
  readonly onResponseTrailers?: Handler<TrailersMessage, Context, TrailersChanges>;
}

/** Handlers that share state: what `createContext` returns is made once for a stream and given to each of them. */
export interface StatefulProcessor<Context> extends ProcessorHandlers<Context> {
  readonly createContext: (stream: StreamInfo) => Context;
}

/** Handlers that share none. */
export interface StatelessProcessor extends ProcessorHandlers<undefined> {
  readonly createContext?: undefined;
}

/** Handles the messages of one stream, in their order. */
export type StreamHandler = (message: PhaseMessage) => PhaseResult | void | Promise<PhaseResult | void>;

/** What `defineProcessor` makes; it is opened once for every stream. */
export interface Processor {
  readonly kind: typeof PROCESSOR;
  readonly open: (stream: StreamInfo) => StreamHandler;
}

/** The mark by which a processor is known, whichever copy of this module made it. */
const PROCESSOR = 'sluice.extproc.processor/v1';

const KEYS: ReadonlySet<string> = new Set([
  'createContext',
  'onRequestHeaders',
  'onRequestBody',
  'onRequestTrailers',
  'onResponseHeaders',
  'onResponseBody',
  'onResponseTrailers',
]);

/**
 * Makes a processor of handlers, one for each phase of a request and its response that it cares about.
 *
 * A handler returns `continueWith(changes)`, `respondWith(response)` or nothing, at once or as a promise. One that
 * throws, or returns something else, fails its own stream only; Envoy then answers 500, or goes on where the policy
 * says `failOpen`. Throws a `TypeError` on a key that is no phase, since a handler under a misspelt name would
 * silently never run.
 */
export function defineProcessor(definition: StatelessProcessor): Processor;
export function defineProcessor<Context>(definition: StatefulProcessor<Context>): Processor;
export function defineProcessor<Context>(definition: StatefulProcessor<Context> | StatelessProcessor): Processor {
  for (const [key, value] of Object.entries(definition)) {
    if (!KEYS.has(key))
      throw new TypeError(`defineProcessor: ${key} is no phase; accepted are ${[...KEYS].join(', ')}`);
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`defineProcessor: ${key} is a ${typeof value}; accepted is a function`);
    }
  }
  return Object.freeze({
    kind: PROCESSOR,
    open: (stream: StreamInfo): StreamHandler =>
      definition.createContext === undefined
        ? streamHandler(definition, stream, undefined)
        : streamHandler(definition, stream, definition.createContext(stream)),
  });
}

/** Says whether a value, of a module of the user's, is a processor. */
export function isProcessor(value: unknown): value is Processor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === PROCESSOR &&
    'open' in value &&
    typeof value.open === 'function'
  );
}

function streamHandler<Context>(
  handlers: ProcessorHandlers<Context>,
  stream: StreamInfo,
  context: Context,
): StreamHandler {
  return (message) => {
    switch (message.kind) {
      case 'requestHeaders':
        return handlers.onRequestHeaders?.({ ...message, stream, context });
      case 'requestBody':
        return handlers.onRequestBody?.({ ...message, stream, context });
      case 'requestTrailers':
        return handlers.onRequestTrailers?.({ ...message, stream, context });
      case 'responseHeaders':
        return handlers.onResponseHeaders?.({ ...message, stream, context });
      case 'responseBody':
        return handlers.onResponseBody?.({ ...message, stream, context });
      case 'responseTrailers':
        return handlers.onResponseTrailers?.({ ...message, stream, context });
      default:
        return message satisfies never;
    }
  };
}
