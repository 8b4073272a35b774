import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type handleUnaryCall, Server, status } from '@grpc/grpc-js';
import { rawMethod, toBuffer } from '#extproc/grpc/raw-method.ts';
import { type MessageTypes, schema } from '#proto/load.ts';
import type { Listening } from '../listening.ts';
import { serveGrpc } from './grpc-server.ts';

const REQUEST = schema('envoy.service.auth.v3.CheckRequest');
const RESPONSE = schema('envoy.service.auth.v3.CheckResponse');

/** Starts a server that Envoy asks by gRPC (`envoy.service.auth.v3.Authorization`) whether a request may pass. */
export function startAuthorization(
  mayPass: (asked: MessageTypes['envoy.service.auth.v3.CheckRequest']) => boolean,
): Promise<Listening> {
  const server = new Server();
  const check: handleUnaryCall<Buffer, Buffer> = ({ request }, done) => {
    const code = mayPass(fromBinary(REQUEST, request)) ? status.OK : status.PERMISSION_DENIED;
    done(null, toBuffer(toBinary(RESPONSE, create(RESPONSE, { status: { code } }))));
  };
  server.addService({ check: rawMethod('/envoy.service.auth.v3.Authorization/Check', 'unary') }, { check });
  return serveGrpc(server);
}
