import type { Call, CallAnswer } from './filter-host.ts';

/** The message in the body of a gRPC call. */
export function messageOf({ body }: Call): Uint8Array {
  return body.subarray(5);
}

/** The answer of a gRPC server with this message, or with an error. */
export function grpcAnswer(message: Uint8Array, status = 0): CallAnswer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return {
    kind: 'response',
    headers: [
      [':status', '200'],
      ['content-type', 'application/grpc'],
    ],
    body: Buffer.concat([prefix, message]),
    trailers: [['grpc-status', String(status)]],
  };
}
