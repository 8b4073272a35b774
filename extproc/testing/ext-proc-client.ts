import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { Client, type ClientDuplexStream, credentials, Metadata, type status } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { type MessageTypes, schema } from '#proto/load.ts';
import { rawMethod, toBuffer } from '../grpc/raw-method.ts';

type Init<K extends keyof MessageTypes> = MessageInitShape<GenMessage<MessageTypes[K]>>;
/** A message to be sent, written out as an object. */
export type Request = Exclude<
  Init<'envoy.service.ext_proc.v3.ProcessingRequest'>,
  MessageTypes['envoy.service.ext_proc.v3.ProcessingRequest']
>;
export type Response = MessageTypes['envoy.service.ext_proc.v3.ProcessingResponse'];

const PROCESS = rawMethod('/envoy.service.ext_proc.v3.ExternalProcessor/Process', 'bidi');

/** How a stream ended: `code` is 0 when the server closed it cleanly. */
export interface StreamEnd {
  readonly code: status;
  readonly details: string;
}

/** One stream, as Envoy opens it. */
export interface TestStream {
  send(request: Request): void;
  sendBytes(bytes: Uint8Array): void;
  /** Gives the next answer; rejects when the stream ends before. */
  next(): Promise<Response>;
  /** Sends a message and gives the next answer. */
  ask(request: Request): Promise<Response>;
  /** Closes the sending side. */
  finish(): void;
  /** Resets the stream. */
  cancel(): void;
  readonly ended: Promise<StreamEnd>;
}

/** Makes a client on a Unix socket that lives as long as the test. */
export function grpcClient(socket: string): Client {
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  onTestFinished(() => client.close());
  return client;
}

/** Opens streams on a socket, with the initial metadata given. */
export function extProcClient(socket: string): (initial?: Readonly<Record<string, string>>) => TestStream {
  const client = grpcClient(socket);
  return (initial = {}) => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(initial)) metadata.add(key, value);
    return testStream(
      client.makeBidiStreamRequest(PROCESS.path, PROCESS.requestSerialize, PROCESS.responseDeserialize, metadata),
    );
  };
}

function testStream(call: ClientDuplexStream<Buffer, Buffer>): TestStream {
  const ended = new Promise<StreamEnd>((resolve) => {
    call.on('status', ({ code, details }) => resolve({ code, details }));
  });
  // The status tells the same.
  call.on('error', () => undefined);
  const answers: Response[] = [];
  const waiting: ((answer: Response) => void)[] = [];
  call.on('data', (bytes: Buffer) => {
    const answer = fromBinary(schema('envoy.service.ext_proc.v3.ProcessingResponse'), bytes);
    const first = waiting.shift();
    if (first === undefined) answers.push(answer);
    else first(answer);
  });
  const next = (): Promise<Response> => {
    const answer = answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return Promise.race([
      new Promise<Response>((resolve) => waiting.push(resolve)),
      ended.then(({ code, details }): never => {
        throw new Error(`the stream ended with ${code}: ${details}`);
      }),
    ]);
  };
  const sendBytes = (bytes: Uint8Array): void => void call.write(toBuffer(bytes));
  const send = (request: Request): void => {
    const type = schema('envoy.service.ext_proc.v3.ProcessingRequest');
    sendBytes(toBinary(type, create(type, request)));
  };
  return {
    send,
    sendBytes,
    next,
    ask: (request) => {
      send(request);
      return next();
    },
    finish: () => call.end(),
    cancel: () => call.cancel(),
    ended,
  };
}

type BodySendMode = NonNullable<
  MessageTypes['envoy.service.ext_proc.v3.ProcessingRequest']['protocolConfig']
>['requestBodyMode'];

/** Says in the first message of a stream how both bodies come, as Envoy does. */
export function withBodyMode(first: Request, mode: BodySendMode): Request {
  return { ...first, protocolConfig: { requestBodyMode: mode, responseBodyMode: mode } };
}

type Headers = Readonly<Record<string, string>>;

function headerMap(headers: Headers): Init<'envoy.config.core.v3.HeaderMap'> {
  return { headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) };
}

/** Messages as Envoy sends them. */
export const message = {
  requestHeaders: (headers: Headers = {}, endOfStream = true): Request => ({
    request: { case: 'requestHeaders', value: { headers: headerMap(headers), endOfStream } },
  }),
  responseHeaders: (headers: Headers = {}, endOfStream = false): Request => ({
    request: { case: 'responseHeaders', value: { headers: headerMap(headers), endOfStream } },
  }),
  requestBody: (text: string, endOfStream = true): Request => ({
    request: { case: 'requestBody', value: { body: Buffer.from(text), endOfStream } },
  }),
  responseBody: (text: string, endOfStream = true): Request => ({
    request: { case: 'responseBody', value: { body: Buffer.from(text), endOfStream } },
  }),
  requestTrailers: (trailers: Headers = {}): Request => ({
    request: { case: 'requestTrailers', value: { trailers: headerMap(trailers) } },
  }),
  responseTrailers: (trailers: Headers = {}): Request => ({
    request: { case: 'responseTrailers', value: { trailers: headerMap(trailers) } },
  }),
};

/** Gives the headers an answer sets, as "name: value", of whatever phase it is. */
export function headersSet(answer: Response): readonly string[] {
  const { response } = answer;
  switch (response.case) {
    case 'requestHeaders':
    case 'responseHeaders':
    case 'requestBody':
    case 'responseBody':
      return asLines(response.value.response?.headerMutation);
    case 'requestTrailers':
    case 'responseTrailers':
      return asLines(response.value.headerMutation);
    case 'immediateResponse':
      return asLines(response.value.headers);
    case 'streamedImmediateResponse':
    case undefined:
      return [];
    default:
      return response satisfies never;
  }
}

function asLines(mutation: MessageTypes['envoy.service.ext_proc.v3.HeaderMutation'] | undefined): readonly string[] {
  return (mutation?.setHeaders ?? []).map(
    ({ header }) => `${header?.key}: ${Buffer.from(header?.rawValue ?? []).toString()}`,
  );
}
