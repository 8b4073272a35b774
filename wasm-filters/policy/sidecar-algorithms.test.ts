import { beforeEach, describe, expect, it } from 'vitest';
import { answerVerifySignature } from '#extproc/sidecar/service.ts';
import { compilePolicy } from '../build.ts';
import { type CallAnswer, type FilterHost, type FilterResult, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, type Issuer, issuer } from '../testing/issuer.ts';
import { encodePolicy, onRoute } from '../testing/policy-bytes.ts';
import { grpcAnswer, messageOf } from '../testing/sidecar-answer.ts';

const NOW = 1_800_000_000;
const CLAIMS = { sub: 'alice', exp: NOW + 600 };
const NO_MESSAGE = new Uint8Array();

const eddsa = issuer('EdDSA');

let host: FilterHost;
beforeEach(async () => {
  host = await loadFilter(await compilePolicy(), { now: () => NOW * 1000, pluginName: 'sluice.policy' });
  host.configure(new Uint8Array());
});

const BEARER = { source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } } as const;

function policyOf(...signers: readonly Issuer[]) {
  return encodePolicy({
    jwt: {
      providers: signers.map(({ kid, algorithm, spki }, index) => ({
        name: `provider-${index}`,
        keys: [{ kid, algorithm: ALGORITHM[algorithm], spki }],
        sources: [BEARER],
        claimToHeaders: [{ claim: ['sub'], header: 'x-user' }],
      })),
    },
  });
}

function ask(token: string, policy = policyOf(eddsa)): FilterResult {
  const headers = [
    [':path', '/'],
    ['authorization', `Bearer ${token}`],
  ] as const;
  return host.request({ headers, properties: onRoute(policy) });
}

/** The number under which a request waits. */
function waiting(result: FilterResult): number {
  if (result.kind !== 'paused') throw new Error(`the request does not wait: ${result.kind}`);
  return result.id;
}

/** Answers every call as the sidecar does. */
function sidecarAnswers(): void {
  for (const call of host.calls()) host.answer(call.token, grpcAnswer(answerVerifySignature(messageOf(call))));
}

describe('a token whose algorithm Envoy cannot verify', () => {
  it.each(['PS256', 'PS384', 'PS512', 'EdDSA'] as const)('is verified by the sidecar: %s', (algorithm) => {
    const signer = issuer(algorithm);
    const id = waiting(ask(signer.token(CLAIMS), policyOf(signer)));
    sidecarAnswers();
    const result = host.resultOf(id);
    expect(result.kind === 'continue' && result.headers).toContainEqual(['x-user', 'alice']);
  });

  it('is asked about once, then known', () => {
    const token = eddsa.token(CLAIMS);
    waiting(ask(token));
    sidecarAnswers();
    expect(ask(token)).toMatchObject({ kind: 'continue' });
    expect(host.calls()).toEqual([]);
  });

  it('is asked about once by all who bring it meanwhile', () => {
    const token = eddsa.token(CLAIMS);
    const ids = [1, 2, 3].map(() => waiting(ask(token)));
    expect(host.calls()).toHaveLength(1);
    host.abandon(ids[0] ?? 0);
    sidecarAnswers();
    expect(ids.slice(1).map((id) => host.resultOf(id).kind)).toEqual(['continue', 'continue']);
  });

  it('is 401 when no key made its signature', () => {
    const id = waiting(ask(`${eddsa.token(CLAIMS).slice(0, -6)}AAAAAA`));
    sidecarAnswers();
    expect(host.resultOf(id)).toMatchObject({ status: 401 });
  });

  it('that is longer than what the cache takes is asked about every time', () => {
    const token = eddsa.token({ ...CLAIMS, pad: 'x'.repeat(5000) });
    for (const _ of [1, 2]) {
      const id = waiting(ask(token));
      sidecarAnswers();
      expect(host.resultOf(id)).toMatchObject({ kind: 'continue' });
    }
  });

  it('is tried with each provider in turn', () => {
    const other = issuer('EdDSA');
    const id = waiting(ask(eddsa.token(CLAIMS), policyOf(other, eddsa)));
    sidecarAnswers();
    expect(host.resultOf(id)).toMatchObject({ kind: 'paused' });
    sidecarAnswers();
    expect(host.resultOf(id)).toMatchObject({ kind: 'continue' });
  });

  it('does not reach the sidecar when what it says is not acceptable anyway', () => {
    expect(ask(eddsa.token({ ...CLAIMS, exp: NOW - 600 }))).toMatchObject({ status: 401 });
    expect(ask(eddsa.token(CLAIMS, { kid: 'other' }))).toMatchObject({ status: 401 });
    expect(host.calls()).toEqual([]);
  });

  it('is not verified with a key for another algorithm', () => {
    const rsa = issuer('RS256');
    expect(ask(issuer('PS256').token(CLAIMS), policyOf(rsa))).toMatchObject({ status: 401 });
  });
});

describe('without an answer of the sidecar', () => {
  const failures: readonly (readonly [string, CallAnswer])[] = [
    ['that is gone, or too slow', { kind: 'failure' }],
    ['that says an error', grpcAnswer(NO_MESSAGE, 13)],
    ['of another version', grpcAnswer(Buffer.from([0x0a, 0x01]))],
    ['whose answer is cut', { kind: 'response', headers: [], body: Buffer.from([0, 0, 0]), trailers: [] }],
    [
      'whose length is a lie',
      { kind: 'response', headers: [], body: Buffer.from([0, 0, 0, 0, 9, 8, 1]), trailers: [['grpc-status', '0']] },
    ],
  ];

  it.each(failures)('a request is 503: %s', (_, answer) => {
    const id = waiting(ask(eddsa.token(CLAIMS)));
    for (const { token } of host.calls()) host.answer(token, answer);
    expect(host.resultOf(id)).toMatchObject({ status: 503 });
  });

  it('a request is 503 at once where there is no such cluster', async () => {
    host = await loadFilter(await compilePolicy(), { now: () => NOW * 1000, clusters: [] });
    host.configure(new Uint8Array());
    expect(ask(eddsa.token(CLAIMS))).toMatchObject({ status: 503 });
  });

  it('an empty message means that the signature is not good', () => {
    const id = waiting(ask(eddsa.token(CLAIMS)));
    for (const { token } of host.calls()) host.answer(token, grpcAnswer(NO_MESSAGE));
    expect(host.resultOf(id)).toMatchObject({ status: 401 });
  });
});

describe('what waits', () => {
  it('is bounded in calls: one more is 503, and there is room again after an answer', () => {
    for (let i = 0; i < 256; i++) waiting(ask(eddsa.token({ ...CLAIMS, i })));
    expect(ask(eddsa.token({ ...CLAIMS, i: 256 }))).toMatchObject({ status: 503 });
    const [first] = host.calls();
    host.answer(first?.token ?? 0, { kind: 'failure' });
    waiting(ask(eddsa.token({ ...CLAIMS, i: 257 })));
  });

  it('is bounded in requests, over all calls, and no request is counted for ever', () => {
    for (const _ of [1, 2]) {
      const token = eddsa.token({ ...CLAIMS, round: Math.random() });
      const ids = Array.from({ length: 1024 }, () => waiting(ask(token)));
      expect(ask(token)).toMatchObject({ status: 503 });
      for (const id of ids) host.abandon(id);
      sidecarAnswers();
    }
  });

  it('does not share a call with what another configuration began', () => {
    const token = eddsa.token(CLAIMS);
    waiting(ask(token));
    host.configure(new Uint8Array());
    waiting(ask(token));
    expect(host.calls()).toHaveLength(2);
  });

  it('asks eight times at most', () => {
    const others = Array.from({ length: 9 }, () => issuer('EdDSA'));
    const id = waiting(ask(eddsa.token(CLAIMS), policyOf(...others, eddsa)));
    for (let i = 0; i < 8; i++) {
      expect(host.resultOf(id)).toMatchObject({ kind: 'paused' });
      sidecarAnswers();
    }
    expect(host.resultOf(id)).toMatchObject({ status: 503 });
  });

  it('leaves no memory behind', () => {
    const round = (): void => {
      const id = waiting(ask(`${eddsa.token({ ...CLAIMS, at: Math.random() }).slice(0, -6)}AAAAAA`));
      sidecarAnswers();
      expect(host.resultOf(id)).toMatchObject({ status: 401 });
    };
    for (let i = 0; i < 50; i++) round();
    const before = host.memoryBytes();
    for (let i = 0; i < 3_000; i++) round();
    expect(host.memoryBytes()).toBe(before);
  });
});
