import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { schema } from '#proto/load.ts';
import type { GrpcService, Method, Reply } from '../grpc/unix-server.ts';
import type { UnknownKeys } from '../agent/unknown-keys.ts';
import { type Leases, Unanswerable } from '../rate-limit/leases.ts';
import { verifySignature } from './verify-signature.ts';

/** The service that filters call. */
export const SIDECAR_SERVICE = 'sluice.sidecar.v1.Sidecar';

/** Serves `sluice.sidecar.v1.Sidecar`. What cannot be answered is INTERNAL, and logged; what cannot be now, UNAVAILABLE. */
export function sidecarService(leases: Leases, unknownKeys: UnknownKeys, log: Logger): GrpcService {
  return {
    [`/${SIDECAR_SERVICE}/VerifySignature`]: answering('VerifySignature', answerVerifySignature, log),
    [`/${SIDECAR_SERVICE}/Lease`]: answering('Lease', (request) => leases.answer(request), log),
    [`/${SIDECAR_SERVICE}/ReportUnknownKey`]: answering(
      'ReportUnknownKey',
      (request) => takeReport(request, unknownKeys),
      log,
    ),
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
): Method {
  const reply = async (request: Buffer): Promise<Reply> => {
    try {
      return { kind: 'answer', message: await answer(request) };
    } catch (error) {
      if (error instanceof Unanswerable) return { kind: 'failure', code: status.UNAVAILABLE, details: error.message };
      log.error({ err: error, method }, 'a call failed');
      return { kind: 'failure', code: status.INTERNAL, details: 'the call failed' };
    }
  };
  return { kind: 'unary', answer: reply };
}
