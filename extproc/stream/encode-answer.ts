import { type JsonObject, toBinary } from '@bufbuild/protobuf';
import { fromJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import type { PhaseMessage } from '../processor/phases.ts';
import type { Body, Changes, PhaseResult, Respond } from '../processor/results.ts';
import { BackwardWriter } from '../wire/backward-writer.ts';
import type { BodyFlow, BodyMarks } from './decode-request.ts';
import { writeHeaderMutation } from './header-mutation.ts';
import { InvalidResult } from './invalid-result.ts';
import { writeMode } from './mode-change.ts';

/** The message that is answered. */
export interface Answered {
  readonly message: PhaseMessage;
  readonly marks: BodyMarks | undefined;
  /** How the body of its direction comes. */
  readonly flow: BodyFlow;
  /** The headers of its direction have `content-length`. */
  readonly declaresLength: boolean;
}

const COMMON = ['kind', 'metadata'] as const;
const ACCEPTED: Readonly<Record<PhaseMessage['kind'] | 'respond', ReadonlySet<string>>> = {
  requestHeaders: new Set([...COMMON, 'headers', 'body', 'clearRouteCache', 'mode']),
  responseHeaders: new Set([...COMMON, 'headers', 'body', 'mode']),
  requestBody: new Set([...COMMON, 'headers', 'body', 'clearRouteCache']),
  responseBody: new Set([...COMMON, 'headers', 'body']),
  requestTrailers: new Set([...COMMON, 'trailers']),
  responseTrailers: new Set([...COMMON, 'trailers']),
  respond: new Set([...COMMON, 'status', 'headers', 'body', 'grpcStatus', 'details']),
};

/** Numbers of the fields of `ProcessingResponse`. */
const RESPONSE = {
  requestHeaders: 1,
  responseHeaders: 2,
  requestBody: 3,
  responseBody: 4,
  requestTrailers: 5,
  responseTrailers: 6,
  immediate: 7,
  metadata: 8,
  mode: 9,
} as const;
/** Of `CommonResponse`, which is field 1 of `HeadersResponse` and `BodyResponse`. */
const COMMON_RESPONSE = { status: 1, headers: 2, body: 3, clearRouteCache: 5 } as const;
const CONTINUE_AND_REPLACE = 1;
const BODY_MUTATION = { body: 1, clear: 2, streamed: 3 } as const;
const STREAMED = { body: 1, endOfStream: 2, endWithoutMessage: 3, compressed: 4 } as const;
const IMMEDIATE = { status: 1, headers: 2, body: 3, grpcStatus: 4, details: 5 } as const;

/** One for all: an answer is written at once. */
const writer = new BackwardWriter();

/**
 * Encodes the `envoy.service.ext_proc.v3.ProcessingResponse` that answers a message with a handler's result.
 *
 * Throws `InvalidResult` on whatever is no result of that phase: an unknown key could be a refusal that is misspelt.
 */
export function encodeAnswer(answered: Answered, result: PhaseResult | void): Buffer {
  writer.reset();
  if (result === undefined) writeContinue(answered, NO_CHANGES);
  else writeResult(answered, result);
  return writer.take();
}

const NO_CHANGES: Changes = {};

function writeResult(answered: Answered, result: Exclude<PhaseResult, undefined>): void {
  // From JavaScript anything may come.
  if (typeof result !== 'object' || result === null) {
    throw new InvalidResult(`the handler of ${answered.message.kind} returned ${String(result)}`);
  }
  switch (result.kind) {
    case 'respond':
      checkKeys(result, 'respond');
      if (result.metadata !== undefined) writeMetadata(result.metadata);
      writeRespond(result);
      return;
    case 'continue':
      checkKeys(result, answered.message.kind);
      if (result.mode !== undefined) writeMode(writer, RESPONSE.mode, result.mode);
      if (result.metadata !== undefined) writeMetadata(result.metadata);
      writeContinue(answered, result);
      return;
    default:
      result satisfies never;
      throw new InvalidResult(
        `the handler of ${answered.message.kind} returned a result without kind; accepted are continue and respond`,
      );
  }
}

function writeContinue({ message, marks, flow, declaresLength }: Answered, changes: Changes): void {
  const mark = writer.mark;
  switch (message.kind) {
    case 'requestHeaders':
    case 'responseHeaders':
      if (flow === 'duplex' && changes.body !== undefined) {
        // Envoy fails such a stream without saying why.
        throw new InvalidResult(`a result of ${message.kind} has body, which mode FULL_DUPLEX_STREAMED does not allow`);
      }
      writeClearRouteCache(changes);
      if (changes.body !== undefined) writeReplaced(changes.body);
      writeHeaders(changes);
      if (changes.body !== undefined) writer.number(COMMON_RESPONSE.status, CONTINUE_AND_REPLACE);
      writer.message(1, mark);
      break;
    case 'requestBody':
    case 'responseBody':
      writeClearRouteCache(changes);
      if (flow === 'duplex') writeSentBack(message, marks, changes.body);
      else if (changes.body !== undefined) writeReplaced(changes.body);
      writeHeaders(flow === 'whole' && declaresLength ? withLength(changes) : changes);
      writer.message(1, mark);
      break;
    case 'requestTrailers':
    case 'responseTrailers':
      if (changes.trailers !== undefined) writeHeaderMutation(writer, 1, changes.trailers);
      break;
    default:
      return message satisfies never;
  }
  writer.message(RESPONSE[message.kind], mark);
  return undefined;
}

function writeClearRouteCache({ clearRouteCache }: Changes): void {
  if (clearRouteCache === true) writer.number(COMMON_RESPONSE.clearRouteCache, 1);
}

function writeHeaders({ headers }: Changes): void {
  if (headers !== undefined) writeHeaderMutation(writer, COMMON_RESPONSE.headers, headers);
}

/** Adds the length of the new body: Envoy answers 500 to a whole body that is not as long as `content-length` says. */
function withLength(changes: Changes): Changes {
  if (changes.body === undefined) return changes;
  const set = { ...changes.headers?.set, 'content-length': String(bodyBytes(changes.body).length) };
  return { ...changes, headers: { ...changes.headers, set } };
}

function writeReplaced(body: Body): void {
  const bytes = bodyBytes(body);
  const mark = writer.mark;
  if (bytes.length === 0) writer.number(BODY_MUTATION.clear, 1);
  else writer.bytes(BODY_MUTATION.body, bytes);
  writer.message(COMMON_RESPONSE.body, mark);
}

function writeSentBack(
  message: { readonly body: Uint8Array; readonly endOfStream: boolean },
  marks: BodyMarks | undefined,
  body: Body | undefined,
): void {
  const mark = writer.mark;
  // Bytes of a handler's are not compressed.
  if (marks?.grpcMessageCompressed === true && body === undefined) writer.number(STREAMED.compressed, 1);
  if (marks?.endOfStreamWithoutMessage === true && body === undefined) writer.number(STREAMED.endWithoutMessage, 1);
  if (message.endOfStream) writer.number(STREAMED.endOfStream, 1);
  writer.bytes(STREAMED.body, body === undefined ? message.body : bodyBytes(body));
  writer.message(BODY_MUTATION.streamed, mark);
  writer.message(COMMON_RESPONSE.body, mark);
}

function writeRespond({ status, headers, body, grpcStatus, details }: Respond): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new InvalidResult(`respond has status ${String(status)}; accepted is an integer from 200 to 599`);
  }
  if (grpcStatus !== undefined && (!Number.isInteger(grpcStatus) || grpcStatus < 0 || grpcStatus > 16)) {
    throw new InvalidResult(`respond has grpcStatus ${String(grpcStatus)}; accepted is an integer from 0 to 16`);
  }
  const mark = writer.mark;
  if (details !== undefined) writer.text(IMMEDIATE.details, details);
  if (grpcStatus !== undefined) writeNumberMessage(IMMEDIATE.grpcStatus, grpcStatus);
  if (body !== undefined) writer.bytes(IMMEDIATE.body, bodyBytes(body));
  if (headers !== undefined) writeHeaderMutation(writer, IMMEDIATE.headers, { set: headers });
  writeNumberMessage(IMMEDIATE.status, status);
  writer.message(RESPONSE.immediate, mark);
}

/** A message whose field 1 is a number: `HttpStatus`, `GrpcStatus`. */
function writeNumberMessage(field: number, value: number): void {
  const mark = writer.mark;
  writer.number(1, value);
  writer.message(field, mark);
}

function writeMetadata(values: Readonly<Record<string, JsonObject>>): void {
  writer.bytes(RESPONSE.metadata, toBinary(StructSchema, fromJson(StructSchema, { ...values })));
}

function bodyBytes(body: Body): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new InvalidResult(`a body is a ${typeof body}; accepted are a string and a Uint8Array`);
}

function checkKeys(result: object, phase: keyof typeof ACCEPTED): void {
  const accepted = ACCEPTED[phase];
  for (const key of Object.keys(result)) {
    if (!accepted.has(key)) {
      throw new InvalidResult(`a result of ${phase} has ${key}; accepted are ${[...accepted].join(', ')}`);
    }
  }
}
