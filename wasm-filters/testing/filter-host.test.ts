import { generateKeyPairSync, sign } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '#wasm-filters/build/compile.ts';
import { loadFilter, sharedData } from './filter-host.ts';
import { PROBE, PROBE_ABORT } from './probe.ts';

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileModule({
    baseDir: '.',
    entry: 'probe.ts',
    abortHandler: 'abort/onAbort',
    sources: new Map([
      ['probe.ts', PROBE],
      ['abort.ts', PROBE_ABORT],
    ]),
  });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const withAction = (action: string, ...more: [string, string][]): { headers: [string, string][] } => ({
  headers: [[':path', '/'], ['x-do', action], ...more],
});

describe('configuring a filter', () => {
  it('hands over the plugin configuration, again too, and says when the module refuses it', async () => {
    const host = await loadFilter(wasm);
    expect(host.configure(bytes('first'))).toBe(true);
    expect(host.configure(bytes('refuse'))).toBe(false);
    expect(host.configure(bytes('second'))).toBe(true);
    expect(host.logs.map(({ message }) => message)).toEqual(['first', 'refuse', 'second']);
  });

  it('refuses a module that imports what Envoy does not have, and one that exports what Envoy never calls', async () => {
    const base = { baseDir: '.', entry: 'bad.ts', abortHandler: 'abort/onAbort' };
    const source = `${PROBE}\nexport function proxy_on_request_header(): void { other() }
      @external("env", "proxy_clear_route_cache") declare function other(): void;`;
    await expect(
      compileModule({
        ...base,
        sources: new Map([
          ['bad.ts', source],
          ['abort.ts', PROBE_ABORT],
        ]),
      }),
    ).rejects.toThrow(/imports function env\.proxy_clear_route_cache.*exports proxy_on_request_header,/);
  });
});

describe('a request', () => {
  it('continues with the headers the filter left', async () => {
    const host = await loadFilter(wasm);
    const result = host.request(withAction('write', ['X-Old', 'a'], ['x-old', 'b'], ['x-gone', 'c']));
    expect(result).toEqual({
      kind: 'continue',
      headers: [
        [':path', '/'],
        ['x-do', 'write'],
        ['x-old', 'new'],
        ['x-added', 'yes'],
      ],
    });
  });

  it('gives all headers as pairs, and takes them back', async () => {
    const host = await loadFilter(wasm);
    const request = withAction('pairs', ['x-empty', ''], ['x-text', 'grün']);
    expect(host.request(request)).toEqual({ kind: 'continue', headers: request.headers });
  });

  it('is answered by a local response, even when the filter then says continue', async () => {
    const host = await loadFilter(wasm);
    expect(host.request(withAction('respond'))).toEqual({
      kind: 'response',
      status: 403,
      details: 'why',
      body: 'no',
      headers: [['x-a', 'b']],
    });
  });

  it('is paused when the filter stops it without an answer', async () => {
    const host = await loadFilter(wasm);
    expect(host.request(withAction('stop'))).toMatchObject({ kind: 'paused' });
  });

  it('is on the route of the headers it came with, also after the filter wrote one', async () => {
    const host = await loadFilter(wasm);
    host.request({
      ...withAction('route'),
      properties: (_path, headers) => (headers.some(([name]) => name === 'x-added') ? 'after' : 'before'),
    });
    expect(host.logs.map(({ message }) => message)).toEqual(['before', 'before']);
  });

  it('reports a trap, and the next request meets a fresh instance with the last accepted configuration', async () => {
    const host = await loadFilter(wasm);
    host.configure(bytes('mine'));
    host.configure(bytes('refuse'));
    expect(host.request(withAction('trap')).kind).toBe('trap');
    expect(host.request(withAction('stop'))).toMatchObject({ kind: 'paused' });
    expect(host.logs.map(({ message }) => message)).toEqual(['mine', 'refuse', 'mine']);
  });

  it('refuses pointers outside the memory with InvalidMemoryAccess', async () => {
    const host = await loadFilter(wasm);
    host.request(withAction('wild'));
    expect(host.logs).toEqual([{ level: 'info', message: '6' }]);
  });

  it('sees the time of the given clock, in nanoseconds', async () => {
    const host = await loadFilter(wasm, { now: () => 1_790_000_000_123.5 });
    host.request(withAction('time'));
    expect(host.logs.at(-1)?.message).toBe('1790000000123500000');
  });

  it('needs no more memory after many requests', async () => {
    const host = await loadFilter(wasm);
    host.request(withAction('pairs'));
    const before = host.memoryBytes();
    for (let count = 0; count < 20_000; count += 1) host.request(withAction('pairs'));
    expect(host.memoryBytes()).toBe(before);
  });
});

describe('shared data', () => {
  it('is seen by every worker, and a stale compare-and-swap number is refused', async () => {
    const shared = sharedData();
    const [one, two] = [await loadFilter(wasm, { shared }), await loadFilter(wasm, { shared })];
    one.request(withAction('share'));
    two.request(withAction('share'));
    expect(one.logs.at(-1)?.message).toBe('get 1 set 0');
    // Found, then set with a number that is not the current one.
    expect(two.logs.at(-1)?.message).toBe('get 0 set 8');
  });
});

describe('verify_signature', () => {
  const text = bytes('header.payload');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const verdict = async (fields: readonly [number, Uint8Array][]): Promise<string | undefined> => {
    const writer = new BinaryWriter();
    for (const [field, value] of fields) writer.tag(field, WireType.LengthDelimited).bytes(value);
    const host = await loadFilter(wasm);
    host.configure(writer.finish());
    host.request(withAction('verify'));
    return host.logs.at(-1)?.message;
  };
  const spki = (key: typeof rsa): Uint8Array => key.publicKey.export({ type: 'spki', format: 'der' });

  it.each([
    ['RSA PKCS#1 v1.5', rsa, 'sha256'],
    ['RSA PKCS#1 v1.5', rsa, 'sha512'],
    ['ECDSA in DER', ec, 'sha384'],
  ])('accepts a good signature, and refuses it over another text (%s)', async (_name, key, hash) => {
    const signature = sign(hash, text, key.privateKey);
    const common: [number, Uint8Array][] = [
      [1, bytes(hash)],
      [2, spki(key)],
      [3, signature],
    ];
    expect(await verdict([...common, [4, text]])).toBe('verify 0 8 1');
    expect(await verdict([...common, [4, bytes('other')]])).toMatch(/^verify 0 18 /);
  });

  it('is a bad argument without a key, or with both forms of it', async () => {
    const pem = bytes(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    expect(await verdict([[1, bytes('sha256')]])).toMatch(/^verify 2 /);
    expect(
      await verdict([
        [1, bytes('sha256')],
        [2, spki(rsa)],
        [5, pem],
      ]),
    ).toMatch(/^verify 2 /);
  });
});
