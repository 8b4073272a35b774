/**
 * What a processor of a user's imports, as `sluice/extproc`.
 *
 * In: the phases of an HTTP request and its response, as Envoy hands them to an external processor. Out: what is to
 * become of them. Refuses to know: gRPC, protobuf, how a policy finds its processor.
 *
 * ```ts
 * import { continueWith, defineProcessor, respondWith } from 'sluice/extproc';
 *
 * export const processor = defineProcessor({
 *   createContext: () => ({ greeting: 'hello' }),
 *   onRequestHeaders: ({ headers, context }) => {
 *     if (!headers.has('x-name')) return respondWith({ status: 400, body: 'x-name is missing\n' });
 *     context.greeting = `hello ${headers.get('x-name')}`;
 *     return continueWith({ headers: { remove: ['x-name'] } });
 *   },
 *   onResponseHeaders: ({ context }) => continueWith({ headers: { set: { 'x-greeting': context.greeting } } }),
 * });
 * ```
 */
export {
  defineProcessor,
  type Processor,
  type ProcessorHandlers,
  type StatefulProcessor,
  type StatelessProcessor,
} from './processor/define-processor.ts';
export type { HeaderView } from './processor/header-view.ts';
export type {
  BodyMessage,
  HeadersMessage,
  MessageInfo,
  Phase,
  StreamInfo,
  TrailersMessage,
} from './processor/phases.ts';
export {
  continueWith,
  respondWith,
  type Body,
  type BodyMode,
  type Changes,
  type Continue,
  type DynamicMetadata,
  type HeaderChanges,
  type HeaderValues,
  type ModeChange,
  type RequestChanges,
  type RequestHeadersChanges,
  type Respond,
  type ResponseChanges,
  type ResponseHeadersChanges,
  type Result,
  type TrailersChanges,
} from './processor/results.ts';
