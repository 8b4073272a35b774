import { fromBinary, type JsonObject } from '@bufbuild/protobuf';
import { type MessageTypes, schema } from '#proto/load.ts';
import { headerView } from '../processor/header-view.ts';
import type { MessageInfo, PhaseMessage } from '../processor/phases.ts';
import { enums } from './enums.ts';

type BodySendMode = NonNullable<ProcessingRequest['protocolConfig']>['requestBodyMode'];
type ProcessingRequest = MessageTypes['envoy.service.ext_proc.v3.ProcessingRequest'];

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

/** Decodes an `envoy.service.ext_proc.v3.ProcessingRequest`; a message of no known phase is invalid. */
export function decodeRequest(bytes: Uint8Array): Incoming {
  let request: ProcessingRequest;
  try {
    request = fromBinary(schema('envoy.service.ext_proc.v3.ProcessingRequest'), bytes);
  } catch (error) {
    return {
      kind: 'invalid',
      reason: `not a ProcessingRequest: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const message = phaseMessage(request);
  if (message === undefined) {
    if (request.clientWindowUpdate !== undefined) return { kind: 'window' };
    return { kind: 'invalid', reason: 'ProcessingRequest.request is of no phase this version knows' };
  }
  return {
    kind: 'phase',
    message,
    marks: bodyMarks(request),
    flow: streamFlow(request),
    observed: request.observabilityMode,
  };
}

function phaseMessage({ request, ...rest }: ProcessingRequest): PhaseMessage | undefined {
  const info: MessageInfo = {
    attributes: rest.attributes,
    metadata: rest.metadataContext?.filterMetadata ?? NO_METADATA,
  };
  switch (request.case) {
    case 'requestHeaders':
    case 'responseHeaders': {
      const { headers, endOfStream } = request.value;
      return { kind: request.case, ...info, headers: headerView(headers?.headers ?? []), endOfStream };
    }
    case 'requestBody':
    case 'responseBody': {
      const { body, endOfStream, endOfStreamWithoutMessage } = request.value;
      return { kind: request.case, ...info, body, endOfStream: endOfStream || endOfStreamWithoutMessage };
    }
    case 'requestTrailers':
    case 'responseTrailers':
      return { kind: request.case, ...info, trailers: headerView(request.value.trailers?.headers ?? []) };
    case undefined:
      return undefined;
    default:
      return request satisfies never;
  }
}

function bodyMarks({ request }: ProcessingRequest): BodyMarks | undefined {
  return request.case === 'requestBody' || request.case === 'responseBody' ? request.value : undefined;
}

const NO_METADATA: Readonly<Record<string, JsonObject>> = Object.freeze({});

function streamFlow({ protocolConfig }: ProcessingRequest): StreamFlow | undefined {
  if (protocolConfig === undefined) return undefined;
  return { request: bodyFlow(protocolConfig.requestBodyMode), response: bodyFlow(protocolConfig.responseBodyMode) };
}

/** Gives how a body comes in a mode. */
export function bodyFlow(mode: BodySendMode): BodyFlow {
  const { BUFFERED, FULL_DUPLEX_STREAMED, GRPC } = enums().bodySendMode;
  if (mode === BUFFERED) return 'whole';
  return mode === FULL_DUPLEX_STREAMED || mode === GRPC ? 'duplex' : 'pieces';
}
