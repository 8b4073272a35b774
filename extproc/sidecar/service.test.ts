import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { enumMembers, schema } from '#proto/load.ts';
import { rawMethod, toBuffer } from '../grpc/raw-method.ts';
import { grpcClient } from '../testing/ext-proc-client.ts';
import { captureLog } from '../testing/log-capture.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { startSidecar } from './sidecar.ts';
import { verifySignature } from './verify-signature.ts';

const ALGORITHM = enumMembers('sluice.sidecar.v1.SignatureAlgorithm');
const REQUEST = schema('sluice.sidecar.v1.VerifySignatureRequest');
const METHOD = rawMethod('/sluice.sidecar.v1.Sidecar/VerifySignature', 'unary');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');
const text = Buffer.from('header.payload');

const spki = ({ publicKey }: typeof rsa): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
const pss = (digest: string, saltLength: number): Buffer =>
  sign(digest, text, {
    key: createPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    padding: 6,
    saltLength,
  });

describe('a signature', () => {
  test.each([
    ['PS256', ALGORITHM.PS256, rsa, pss('sha256', 32)],
    ['PS384', ALGORITHM.PS384, rsa, pss('sha384', 48)],
    ['PS512', ALGORITHM.PS512, rsa, pss('sha512', 64)],
    ['EdDSA', ALGORITHM.EDDSA, ed, sign(undefined, text, ed.privateKey)],
  ])('is good by the key that made it, among others: %s', (_, algorithm, key, signature) => {
    expect(verifySignature({ algorithm, spki: [spki(ed448), spki(key)], text, signature })).toBe(true);
    expect(verifySignature({ algorithm, spki: [spki(key)], text: Buffer.from('other'), signature })).toBe(false);
    const longer = Buffer.concat([signature, Buffer.alloc(1)]);
    expect(verifySignature({ algorithm, spki: [spki(key)], text, signature: longer })).toBe(false);
  });

  test.each([
    ['a salt of another length', ALGORITHM.PS256, rsa, pss('sha256', 20)],
    ['another digest', ALGORITHM.PS256, rsa, pss('sha384', 48)],
    ['another padding', ALGORITHM.PS256, rsa, sign('sha256', text, rsa.privateKey)],
    ['another curve', ALGORITHM.EDDSA, ed448, sign(undefined, text, ed448.privateKey)],
    ['no algorithm', ALGORITHM.UNSPECIFIED, ed, sign(undefined, text, ed.privateKey)],
    ['no bytes', ALGORITHM.EDDSA, ed, Buffer.alloc(0)],
  ])('is not good with %s', (_, algorithm, key, signature) => {
    expect(verifySignature({ algorithm, spki: [spki(key)], text, signature })).toBe(false);
  });

  test('is not good by what is no key, or by no key', () => {
    const signature = sign(undefined, text, ed.privateKey);
    expect(verifySignature({ algorithm: ALGORITHM.EDDSA, spki: [Buffer.from('key')], text, signature })).toBe(false);
    expect(verifySignature({ algorithm: ALGORITHM.EDDSA, spki: [], text, signature })).toBe(false);
  });

  test('is tried with eight keys', () => {
    const signature = sign(undefined, text, ed.privateKey);
    const others = Array.from({ length: 8 }, () => spki(generateKeyPairSync('ed25519')));
    expect(verifySignature({ algorithm: ALGORITHM.EDDSA, spki: [...others, spki(ed)], text, signature })).toBe(false);
  });
});

describe('the service', () => {
  async function call(request: Uint8Array): Promise<Buffer | status | undefined> {
    const folder = await tempFolder();
    const started = await startSidecar({
      socket: join(folder, 'x.sock'),
      controller: { kind: 'socket', path: join(folder, 'agent.sock') },
      modules: join(folder, 'modules'),
      log: captureLog().log,
    });
    if (started.kind !== 'started') throw new Error(started.message);
    onTestFinished(() => started.stop(0));
    const { path, requestSerialize, responseDeserialize } = METHOD;
    return new Promise((resolve) => {
      grpcClient(join(folder, 'x.sock')).makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        toBuffer(request),
        new Metadata(),
        (error, answer) => resolve(error === null ? answer : error.code),
      );
    });
  }

  test('answers', async () => {
    const signature = sign(undefined, text, ed.privateKey);
    const question = create(REQUEST, { algorithm: ALGORITHM.EDDSA, spki: [spki(ed)], text, signature });
    const answer = await call(toBinary(REQUEST, question));
    if (!Buffer.isBuffer(answer)) throw new Error(`failed: ${answer}`);
    expect(fromBinary(schema('sluice.sidecar.v1.VerifySignatureResponse'), answer).verified).toBe(true);
  });

  test('fails a call whose bytes are no question', async () => {
    expect(await call(Buffer.from([0x12, 0x7f]))).toBe(status.INTERNAL);
  });
});
