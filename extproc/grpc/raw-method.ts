import type { MethodDefinition } from '@grpc/grpc-js';

/** How the messages of a gRPC method flow: one each way, one in and many out, or many each way. */
export type MethodFlow = 'unary' | 'serverStream' | 'bidi';

const identity = (bytes: Buffer): Buffer => bytes;

/** Describes a method to a client, by its path "/<package>.<service>/<method>", whose messages stay bytes. */
export function rawMethod(path: string, flow: MethodFlow): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: flow === 'bidi',
    responseStream: flow !== 'unary',
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}

/** Shows bytes as the Buffer that grpc-js wants, without a copy. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
