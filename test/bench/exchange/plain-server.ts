/**
 * A script: what one writes who takes grpc-js and protobuf-es as they are. Serves ext_proc and ext_authz on the Unix socket that
 * the argument names.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { enumMembers, type MessageTypes, schema } from '#proto/load.ts';
import { greetingOf } from './greet.ts';

const request = schema('envoy.service.ext_proc.v3.ProcessingRequest');
const response = schema('envoy.service.ext_proc.v3.ProcessingResponse');
const check = schema('envoy.service.auth.v3.CheckRequest');
const checked = schema('envoy.service.auth.v3.CheckResponse');
const { OVERWRITE_IF_EXISTS_OR_ADD } = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');

type ProcessingRequest = MessageTypes['envoy.service.ext_proc.v3.ProcessingRequest'];
type ProcessingResponse = MessageTypes['envoy.service.ext_proc.v3.ProcessingResponse'];
type CheckRequest = MessageTypes['envoy.service.auth.v3.CheckRequest'];
type CheckResponse = MessageTypes['envoy.service.auth.v3.CheckResponse'];

const server = new Server();
server.addService(
  {
    process: {
      path: '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
      requestStream: true,
      responseStream: true,
      requestSerialize: (message: ProcessingRequest) => Buffer.from(toBinary(request, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(request, bytes),
      responseSerialize: (message: ProcessingResponse) => Buffer.from(toBinary(response, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(response, bytes),
    },
  },
  { process: exchange },
);
server.addService(
  {
    check: {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: CheckRequest) => Buffer.from(toBinary(check, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(check, bytes),
      responseSerialize: (message: CheckResponse) => Buffer.from(toBinary(checked, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(checked, bytes),
    },
  },
  { check: authorize },
);
server.bindAsync(`unix:${process.argv[2] ?? ''}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});

function exchange(call: ServerDuplexStream<ProcessingRequest, ProcessingResponse>): void {
  call.on('data', (message: ProcessingRequest) => {
    if (message.request.case !== 'requestHeaders') return;
    const headers = message.request.value.headers?.headers ?? [];
    const name = headers.find(({ key }) => key === 'x-name');
    const header = {
      key: 'x-greeting',
      rawValue: Buffer.from(greetingOf(name === undefined ? undefined : Buffer.from(name.rawValue).toString())),
    };
    const setHeaders = [{ header, appendAction: OVERWRITE_IF_EXISTS_OR_ADD }];
    call.write(
      create(response, {
        response: { case: 'requestHeaders', value: { response: { headerMutation: { setHeaders } } } },
      }),
    );
  });
  call.on('end', () => call.end());
}

function authorize(
  { request: asked }: ServerUnaryCall<CheckRequest, CheckResponse>,
  done: sendUnaryData<CheckResponse>,
): void {
  const value = greetingOf(asked.attributes?.request?.http?.headers['x-name']);
  const header = { key: 'x-greeting', value };
  done(
    null,
    create(checked, {
      status: { code: 0 },
      httpResponse: {
        case: 'okResponse',
        value: { headers: [{ header, appendAction: OVERWRITE_IF_EXISTS_OR_ADD }] },
      },
    }),
  );
}
