import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type handleUnaryCall, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { schema } from '#proto/load.ts';
import { rawMethod, toBuffer } from '../grpc/raw-method.ts';
import type { GrpcService } from '../grpc/unix-server.ts';
import type { UnknownKeys } from '../agent/unknown-keys.ts';
import { type Leases, Unanswerable } from '../rate-limit/leases.ts';
import { verifySignature } from './verify-signature.ts';

/** The service that filters call. */
export const SIDECAR_SERVICE = 'sluice.sidecar.v1.Sidecar';

/** Serves `sluice.sidecar.v1.Sidecar`. What cannot be answered is INTERNAL, and logged; what cannot be now, UNAVAILABLE. */
export function sidecarService(leases: Leases, unknownKeys: UnknownKeys, log: Logger): GrpcService {
  return {
    methods: {
      verifySignature: rawMethod(`/${SIDECAR_SERVICE}/VerifySignature`, 'unary'),
      lease: rawMethod(`/${SIDECAR_SERVICE}/Lease`, 'unary'),
      reportUnknownKey: rawMethod(`/${SIDECAR_SERVICE}/ReportUnknownKey`, 'unary'),
    },
    handlers: {
      verifySignature: answering('VerifySignature', answerVerifySignature, log),
      lease: answering('Lease', (request) => leases.answer(request), log),
      reportUnknownKey: answering('ReportUnknownKey', (request) => takeReport(request, unknownKeys), log),
    },
  };
}

/** Answers an encoded `VerifySignatureRequest`. Throws when it is none. */
export function answerVerifySignature(request: Uint8Array): Uint8Array {
  const verified = verifySignature(fromBinary(schema('sluice.sidecar.v1.VerifySignatureRequest'), request));
  const type = schema('sluice.sidecar.v1.VerifySignatureResponse');
  return toBinary(type, create(type, { verified }));
}

function takeReport(request: Uint8Array, unknownKeys: UnknownKeys): Uint8Array {
  unknownKeys.report(fromBinary(schema('sluice.sidecar.v1.ReportUnknownKeyRequest'), request).keySet);
  return new Uint8Array();
}

/** Handles the calls of a method; what throws fails its own call. */
function answering(
  method: string,
  answer: (request: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  log: Logger,
): handleUnaryCall<Buffer, Buffer> {
  return ({ request }, reply) => {
    void Promise.resolve(request)
      .then(answer)
      .then(
        (response) => reply(null, toBuffer(response)),
        (error: unknown) => {
          if (error instanceof Unanswerable) {
            reply({ code: status.UNAVAILABLE, details: error.message });
            return;
          }
          log.error({ err: error, method }, 'a call failed');
          reply({ code: status.INTERNAL, details: 'the call failed' });
        },
      );
  };
}
