import { BinaryReader } from '@bufbuild/protobuf/wire';
import { type sendUnaryData, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { rawMethod } from './raw-method.ts';
import type { GrpcService } from './unix-server.ts';

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
  const watches = new Set<ServerWritableStream<Buffer, Buffer>>();
  let current = SERVING;
  return {
    service: {
      methods: {
        check: rawMethod('/grpc.health.v1.Health/Check', 'unary'),
        watch: rawMethod('/grpc.health.v1.Health/Watch', 'serverStream'),
      },
      handlers: {
        check: ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
          const service = decodeService(request);
          if (service === undefined) reply({ code: status.INVALID_ARGUMENT, details: 'not a HealthCheckRequest' });
          else if (known.has(service)) reply(null, encodeStatus(current));
          else reply({ code: status.NOT_FOUND, details: 'unknown service' });
        },
        watch: (call: ServerWritableStream<Buffer, Buffer>) => {
          const service = decodeService(call.request);
          call.write(encodeStatus(service !== undefined && known.has(service) ? current : SERVICE_UNKNOWN));
          if (current !== SERVING) {
            call.end();
            return;
          }
          watches.add(call);
          call.on('cancelled', () => watches.delete(call));
        },
      },
    },
    stop: () => {
      current = NOT_SERVING;
      for (const watch of watches) {
        watch.write(encodeStatus(current));
        watch.end();
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
