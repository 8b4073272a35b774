import type { JsonObject } from '@bufbuild/protobuf';
import type { HeaderView } from './header-view.ts';

/** What a processor knows of the stream it works for: one HTTP request and its response. */
export interface StreamInfo {
  /** The policy that Envoy named, "<namespace>/<name>/<index>"; `undefined` when it named none. */
  readonly policy: string | undefined;
  /** Aborts when the stream is over: answered, timed out by Envoy, or given up by the client. */
  readonly signal: AbortSignal;
}

/** What Envoy says with every message (envoy.service.ext_proc.v3.ProcessingRequest). */
export interface MessageInfo {
  /** The attributes the policy asks for, by the name of the filter that sends them. */
  readonly attributes: Readonly<Record<string, JsonObject>>;
  /** Dynamic metadata of earlier filters, by namespace, as far as the policy makes them accessible. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
}

/** The headers of a request or a response. */
export interface HeadersMessage extends MessageInfo {
  readonly headers: HeaderView;
  /** No body follows. */
  readonly endOfStream: boolean;
}

/** A body (modes BUFFERED and BUFFERED_PARTIAL) or a piece of it. */
export interface BodyMessage extends MessageInfo {
  readonly body: Uint8Array;
  /** Neither a piece of the body nor trailers follow. */
  readonly endOfStream: boolean;
}

/** The trailers of a request or a response. */
export interface TrailersMessage extends MessageInfo {
  readonly trailers: HeaderView;
}

/** One message of Envoy's, named for its phase. */
export type PhaseMessage =
  | ({ readonly kind: 'requestHeaders' | 'responseHeaders' } & HeadersMessage)
  | ({ readonly kind: 'requestBody' | 'responseBody' } & BodyMessage)
  | ({ readonly kind: 'requestTrailers' | 'responseTrailers' } & TrailersMessage);

/** The name of a phase. */
export type PhaseKind = PhaseMessage['kind'];

/** A message as a handler receives it: with the stream it belongs to and the state kept for that stream. */
export type Phase<Message, Context> = Message & {
  readonly stream: StreamInfo;
  readonly context: Context;
};
