import { create, type JsonObject, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { type MessageTypes, schema } from '#proto/load.ts';
import { toBuffer } from '../grpc/raw-method.ts';
import type { PhaseMessage } from '../processor/phases.ts';
import type { Body, Changes, DynamicMetadata, PhaseResult, Respond } from '../processor/results.ts';
import type { BodyFlow, BodyMarks } from './decode-request.ts';
import { enums } from './enums.ts';
import { headerMutation } from './header-mutation.ts';
import { InvalidResult } from './invalid-result.ts';
import { modeOverride } from './mode-change.ts';

type Init<K extends keyof MessageTypes> = MessageInitShape<GenMessage<MessageTypes[K]>>;
/** A message to be made, written out as an object. */
type PlainInit<K extends keyof MessageTypes> = Exclude<Init<K>, MessageTypes[K]>;
type Response = PlainInit<'envoy.service.ext_proc.v3.ProcessingResponse'>;
type CommonResponse = PlainInit<'envoy.service.ext_proc.v3.CommonResponse'>;
type BodyMutation = NonNullable<CommonResponse['bodyMutation']>;
type HttpStatusCode = MessageTypes['envoy.type.v3.HttpStatus']['code'];

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

/**
 * Encodes the `envoy.service.ext_proc.v3.ProcessingResponse` that answers a message with a handler's result.
 *
 * Throws `InvalidResult` on whatever is no result of that phase: an unknown key could be a refusal that is misspelt.
 */
export function encodeAnswer(answered: Answered, result: PhaseResult | void): Buffer {
  const response = result === undefined ? passed(answered) : answer(answered, result);
  const type = schema('envoy.service.ext_proc.v3.ProcessingResponse');
  return toBuffer(toBinary(type, create(type, response)));
}

function answer(answered: Answered, result: Exclude<PhaseResult, undefined>): Response {
  // From JavaScript anything may come.
  if (typeof result !== 'object' || result === null) {
    throw new InvalidResult(`the handler of ${answered.message.kind} returned ${String(result)}`);
  }
  switch (result.kind) {
    case 'respond':
      checkKeys(result, 'respond');
      return { ...immediate(result), ...metadata(result.metadata) };
    case 'continue':
      checkKeys(result, answered.message.kind);
      return {
        ...continued(answered, result),
        ...metadata(result.metadata),
        ...(result.mode !== undefined && { modeOverride: modeOverride(result.mode) }),
      };
    default:
      result satisfies never;
      throw new InvalidResult(
        `the handler of ${answered.message.kind} returned a result without kind; accepted are continue and respond`,
      );
  }
}

function passed(answered: Answered): Response {
  return continued(answered, {});
}

function continued({ message, marks, flow, declaresLength }: Answered, changes: Changes): Response {
  switch (message.kind) {
    case 'requestHeaders':
    case 'responseHeaders': {
      if (flow === 'duplex' && changes.body !== undefined) {
        // Envoy fails such a stream without saying why.
        throw new InvalidResult(`a result of ${message.kind} has body, which mode FULL_DUPLEX_STREAMED does not allow`);
      }
      const response: CommonResponse = {
        ...common(changes),
        ...(changes.body !== undefined && {
          status: enums().responseStatus.CONTINUE_AND_REPLACE,
          bodyMutation: replaced(changes.body),
        }),
      };
      return { response: { case: message.kind, value: { response } } };
    }
    case 'requestBody':
    case 'responseBody': {
      const bodyMutation = flow === 'duplex' ? sentBack(message, marks, changes.body) : optional(changes.body);
      const fitted = flow === 'whole' && declaresLength ? withLength(changes) : changes;
      return { response: { case: message.kind, value: { response: { ...common(fitted), ...bodyMutation } } } };
    }
    case 'requestTrailers':
    case 'responseTrailers': {
      const value = changes.trailers === undefined ? {} : { headerMutation: headerMutation(changes.trailers) };
      return { response: { case: message.kind, value } };
    }
    default:
      return message satisfies never;
  }
}

function common({ headers, clearRouteCache }: Changes): CommonResponse {
  return {
    ...(headers !== undefined && { headerMutation: headerMutation(headers) }),
    ...(clearRouteCache === true && { clearRouteCache }),
  };
}

/** Adds the length of the new body: Envoy answers 500 to a whole body that is not as long as `content-length` says. */
function withLength(changes: Changes): Changes {
  if (changes.body === undefined) return changes;
  const set = { ...changes.headers?.set, 'content-length': String(bodyBytes(changes.body).length) };
  return { ...changes, headers: { ...changes.headers, set } };
}

function optional(body: Body | undefined): { bodyMutation?: BodyMutation } {
  return body === undefined ? {} : { bodyMutation: replaced(body) };
}

function replaced(body: Body): BodyMutation {
  const bytes = bodyBytes(body);
  return { mutation: bytes.length === 0 ? { case: 'clearBody', value: true } : { case: 'body', value: bytes } };
}

function sentBack(
  message: { readonly body: Uint8Array; readonly endOfStream: boolean },
  marks: BodyMarks | undefined,
  body: Body | undefined,
): { bodyMutation: BodyMutation } {
  const value: Init<'envoy.service.ext_proc.v3.StreamedBodyResponse'> = {
    body: body === undefined ? message.body : bodyBytes(body),
    endOfStream: message.endOfStream,
    endOfStreamWithoutMessage: marks?.endOfStreamWithoutMessage === true && body === undefined,
    // Bytes of a handler's are not compressed.
    grpcMessageCompressed: marks?.grpcMessageCompressed === true && body === undefined,
  };
  return { bodyMutation: { mutation: { case: 'streamedResponse', value } } };
}

function immediate({ status, headers, body, grpcStatus, details }: Respond): Response {
  if (!isHttpStatus(status)) {
    throw new InvalidResult(`respond has status ${String(status)}; accepted is an integer from 200 to 599`);
  }
  if (grpcStatus !== undefined && (!Number.isInteger(grpcStatus) || grpcStatus < 0 || grpcStatus > 16)) {
    throw new InvalidResult(`respond has grpcStatus ${String(grpcStatus)}; accepted is an integer from 0 to 16`);
  }
  return {
    response: {
      case: 'immediateResponse',
      value: {
        status: { code: status },
        ...(headers !== undefined && { headers: headerMutation({ set: headers }) }),
        ...(body !== undefined && { body: bodyBytes(body) }),
        ...(grpcStatus !== undefined && { grpcStatus: { status: grpcStatus } }),
        ...(details !== undefined && { details }),
      },
    },
  };
}

/** Envoy's enum has names for some of them, and takes the others by number. */
function isHttpStatus(status: number): status is HttpStatusCode {
  return Number.isInteger(status) && status >= 200 && status <= 599;
}

function metadata(values: DynamicMetadata | undefined): { dynamicMetadata?: JsonObject } {
  return values === undefined ? {} : { dynamicMetadata: { ...values } };
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
