import { headerView } from '../processor/header-view.ts';
import type { MessageInfo, PhaseKind, PhaseMessage } from '../processor/phases.ts';
import { FieldReader, WIRE } from '../wire/field-reader.ts';
import { INFO_FIELD, messageInfo, NO_INFO } from './message-info.ts';
import { BODY_SEND_MODE } from './modes.ts';

/**
 * How the bodies of one direction come, as far as the answers differ (`ProcessingMode.BodySendMode`): whole (BUFFERED);
 * in pieces that have to be sent back (FULL_DUPLEX_STREAMED, GRPC); in pieces that go on by themselves (the others).
 */
export type BodyFlow = 'whole' | 'duplex' | 'pieces';

/** How the bodies of a stream come (envoy.service.ext_proc.v3.ProtocolConfiguration). */
export interface StreamFlow {
  readonly request: BodyFlow;
  readonly response: BodyFlow;
}

/** What a `HttpBody` says beside its bytes, to be said again of the bytes that are sent back. */
export interface BodyMarks {
  readonly endOfStreamWithoutMessage: boolean;
  readonly grpcMessageCompressed: boolean;
}

/** A message of Envoy's, decoded. */
export type Incoming =
  | {
      readonly kind: 'phase';
      readonly message: PhaseMessage;
      /** Of a body only. */
      readonly marks: BodyMarks | undefined;
      /** Stated in the first message of a stream. */
      readonly flow: StreamFlow | undefined;
      /** Envoy only shows the message and takes no answer. */
      readonly observed: boolean;
    }
  /** Flow control; not to be answered. */
  | { readonly kind: 'window' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Numbers of the fields of `ProcessingRequest`. */
const FIELD = { ...INFO_FIELD, observed: 10, protocol: 11, window: 13 } as const;
const PHASES: readonly (PhaseKind | undefined)[] = [
  undefined,
  undefined,
  'requestHeaders',
  'responseHeaders',
  'requestBody',
  'responseBody',
  'requestTrailers',
  'responseTrailers',
];

/** Where a message stands in the bytes. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes an `envoy.service.ext_proc.v3.ProcessingRequest`; a message of no known phase is invalid.
 *
 * What every request has is read by hand, and headers only when they are asked for: describing these messages to protobuf-es and
 * making objects of all of them takes longer than the rest of an exchange. Attributes and metadata, which few policies ask for, are
 * left to it.
 */
export function decodeRequest(bytes: Buffer): Incoming {
  const reader = new FieldReader(bytes);
  let phase: PhaseKind | undefined;
  let content: Span = NOWHERE;
  let info: MessageInfo | undefined = NO_INFO;
  let flow: StreamFlow | undefined;
  let observed = false;
  let isWindow = false;
  while (reader.next()) {
    if (reader.field === FIELD.observed) observed = reader.value !== 0;
    else if (reader.wire === WIRE.bytes) {
      switch (reader.field) {
        case FIELD.metadata:
        case FIELD.attributes:
          info = messageInfo(bytes);
          break;
        case FIELD.protocol:
          flow = streamFlow(bytes, reader);
          break;
        case FIELD.window:
          isWindow = true;
          break;
        default:
          if (PHASES[reader.field] === undefined) break;
          phase = PHASES[reader.field];
          content = { start: reader.start, end: reader.end };
      }
    }
  }
  if (!reader.ok || info === undefined) return NO_REQUEST;
  if (phase !== undefined) return phaseOf(phase, bytes, content, info, flow, observed) ?? NO_REQUEST;
  if (isWindow) return { kind: 'window' };
  return { kind: 'invalid', reason: 'ProcessingRequest.request is of no phase this version knows' };
}

const NOWHERE: Span = { start: 0, end: 0 };
const NO_REQUEST: Incoming = { kind: 'invalid', reason: 'not a ProcessingRequest' };

function phaseOf(
  phase: PhaseKind,
  bytes: Buffer,
  { start, end }: Span,
  info: MessageInfo,
  flow: StreamFlow | undefined,
  observed: boolean,
): Incoming | undefined {
  const reader = new FieldReader(bytes, start, end);
  let inner: Span = NOWHERE;
  let flags = 0;
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === WIRE.bytes) inner = { start: reader.start, end: reader.end };
    else if (reader.wire === WIRE.varint && reader.value !== 0) flags |= 1 << reader.field;
  }
  if (!reader.ok) return undefined;
  const has = (field: number): boolean => (flags & (1 << field)) !== 0;
  switch (phase) {
    case 'requestHeaders':
    case 'responseHeaders': {
      const headers = headerView(bytes, inner.start, inner.end);
      const message: PhaseMessage = { kind: phase, ...info, headers, endOfStream: has(3) };
      return { kind: 'phase', message, marks: undefined, flow, observed };
    }
    case 'requestBody':
    case 'responseBody': {
      const body = bytes.subarray(inner.start, inner.end);
      const marks = { endOfStreamWithoutMessage: has(3), grpcMessageCompressed: has(4) };
      const endOfStream = has(2) || marks.endOfStreamWithoutMessage;
      return { kind: 'phase', message: { kind: phase, ...info, body, endOfStream }, marks, flow, observed };
    }
    case 'requestTrailers':
    case 'responseTrailers': {
      const trailers = headerView(bytes, inner.start, inner.end);
      return { kind: 'phase', message: { kind: phase, ...info, trailers }, marks: undefined, flow, observed };
    }
    default:
      return phase satisfies never;
  }
}

function streamFlow(bytes: Buffer, { start, end }: Span): StreamFlow {
  const reader = new FieldReader(bytes, start, end);
  let request = 0;
  let response = 0;
  while (reader.next()) {
    if (reader.field === 1) request = reader.value;
    if (reader.field === 2) response = reader.value;
  }
  return { request: bodyFlow(request), response: bodyFlow(response) };
}

/** Gives how a body comes in a mode, by its number. */
export function bodyFlow(mode: number): BodyFlow {
  const { BUFFERED, FULL_DUPLEX_STREAMED, GRPC } = BODY_SEND_MODE;
  if (mode === BUFFERED) return 'whole';
  return mode === FULL_DUPLEX_STREAMED || mode === GRPC ? 'duplex' : 'pieces';
}
