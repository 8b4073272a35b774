import { BinaryReader } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import type { MessageStream } from './message-stream.ts';
import type { GrpcService, Reply } from './unix-server.ts';

/** `grpc.health.v1.HealthCheckResponse.ServingStatus` */
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

/** The health of a server, and the service that tells it. */
export interface Health {
  readonly service: GrpcService;
  /** Says NOT_SERVING from now on, and ends the watches after telling them. */
  stop(): void;
}

/**
 * Serves `grpc.health.v1.Health` for the whole server (the service "") and the services named: SERVING until stopped.
 *
 * An unknown service is NOT_FOUND to `Check` and SERVICE_UNKNOWN to `Watch`, as the health checking protocol has it.
 */
export function healthService(services: readonly string[]): Health {
  const known = new Set(['', ...services]);
  const watches = new Set<MessageStream>();
  let current = SERVING;
  const check = (request: Buffer): Reply => {
    const service = decodeService(request);
    if (service === undefined) {
      return { kind: 'failure', code: status.INVALID_ARGUMENT, details: 'not a HealthCheckRequest' };
    }
    if (known.has(service)) return { kind: 'answer', message: encodeStatus(current) };
    return { kind: 'failure', code: status.NOT_FOUND, details: 'unknown service' };
  };
  const watch = (stream: MessageStream): void =>
    stream.take({
      message: (request) => {
        const service = decodeService(request);
        stream.send(encodeStatus(service !== undefined && known.has(service) ? current : SERVICE_UNKNOWN));
        if (current === SERVING) watches.add(stream);
        else stream.end();
      },
      end: () => undefined,
      gone: () => watches.delete(stream),
    });
  return {
    service: {
      '/grpc.health.v1.Health/Check': { kind: 'unary', answer: check },
      '/grpc.health.v1.Health/Watch': { kind: 'stream', open: watch },
    },
    stop: () => {
      current = NOT_SERVING;
      for (const stream of watches) {
        stream.send(encodeStatus(current));
        stream.end();
      }
      watches.clear();
    },
  };
}

/** Reads `HealthCheckRequest.service` (field 1); `undefined` when the bytes are no message. */
function decodeService(bytes: Uint8Array): string | undefined {
  try {
    const reader = new BinaryReader(bytes);
    let service = '';
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 1) service = reader.string();
      else reader.skip(type, field);
    }
    return service;
  } catch {
    return undefined;
  }
}

/** Encodes a `HealthCheckResponse`: field 1, a varint. */
function encodeStatus(value: number): Buffer {
  return Buffer.from([0x08, value]);
}
