import { join } from 'node:path';
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { grpcClient } from '../testing/ext-proc-client.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { type Health, healthService } from './health.ts';
import { rawMethod } from './raw-method.ts';
import { listenOnSocket } from './unix-server.ts';

const CHECK = rawMethod('/grpc.health.v1.Health/Check', 'unary');
const WATCH = rawMethod('/grpc.health.v1.Health/Watch', 'serverStream');

/** `HealthCheckResponse` with each status, as bytes. */
const SERVING = Buffer.from('0801', 'hex');
const NOT_SERVING = Buffer.from('0802', 'hex');
const SERVICE_UNKNOWN = Buffer.from('0803', 'hex');

const request = (service: string): Buffer =>
  service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);

async function served(): Promise<{ health: Health; client: Client }> {
  const socket = join(await tempFolder(), 'x.sock');
  const health = healthService(['demo.Service']);
  const listening = await listenOnSocket(socket, [health.service]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  onTestFinished(async () => void (await listening.server.drain(0)));
  return { health, client: grpcClient(socket) };
}

function check(client: Client, bytes: Buffer): Promise<Buffer | status> {
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, value?: Buffer): void => resolve(error?.code ?? value ?? Buffer.alloc(0));
    client.makeUnaryRequest(CHECK.path, CHECK.requestSerialize, CHECK.responseDeserialize, bytes, new Metadata(), done);
  });
}

function watch(client: Client, service: string): AsyncIterator<Buffer> {
  const { path, requestSerialize, responseDeserialize } = WATCH;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request(service));
  const messages: AsyncIterable<Buffer> = call;
  return messages[Symbol.asyncIterator]();
}

describe('health', () => {
  test('is SERVING for the server and its services until it is stopped', async () => {
    const { health, client } = await served();
    expect(await check(client, request(''))).toEqual(SERVING);
    expect(await check(client, request('demo.Service'))).toEqual(SERVING);
    health.stop();
    expect(await check(client, request('demo.Service'))).toEqual(NOT_SERVING);
  });

  test('is NOT_FOUND for a service that is not there, and INVALID_ARGUMENT for bytes that ask nothing', async () => {
    const { client } = await served();
    expect(await check(client, request('other.Service'))).toBe(status.NOT_FOUND);
    expect(await check(client, Buffer.from([0x0a, 0x7f]))).toBe(status.INVALID_ARGUMENT);
  });

  test('is told to who watches, to the end', async () => {
    const { health, client } = await served();
    const watching = watch(client, 'demo.Service');
    expect(await watching.next()).toEqual({ done: false, value: SERVING });
    health.stop();
    expect(await watching.next()).toEqual({ done: false, value: NOT_SERVING });
    expect(await watching.next()).toMatchObject({ done: true });
  });

  test('is SERVICE_UNKNOWN to who watches a service that is not there', async () => {
    const { client } = await served();
    const watching = watch(client, 'other.Service');
    expect(await watching.next()).toEqual({ done: false, value: SERVICE_UNKNOWN });
    await watching.return?.();
  });
});
