import { describe, expect, test } from 'vitest';
import { defineProcessor, isProcessor } from './define-processor.ts';
import { headerView } from './header-view.ts';
import type { PhaseMessage, StreamInfo } from './phases.ts';
import { continueWith, respondWith } from './results.ts';

const stream: StreamInfo = { policy: 'demo/test/0', signal: new AbortController().signal };
const info = { attributes: {}, metadata: {} };
const requestHeaders: PhaseMessage = {
  kind: 'requestHeaders',
  ...info,
  headers: headerView(Buffer.alloc(0)),
  endOfStream: true,
};
const requestBody: PhaseMessage = { kind: 'requestBody', ...info, body: Buffer.from('b'), endOfStream: true };
const responseTrailers: PhaseMessage = { kind: 'responseTrailers', ...info, trailers: headerView(Buffer.alloc(0)) };

describe('defineProcessor', () => {
  test('hands each message to the handler of its phase', () => {
    const seen: string[] = [];
    const handle = defineProcessor({
      onRequestHeaders: ({ endOfStream }) => void seen.push(`headers ${endOfStream}`),
      onRequestBody: ({ body }) => void seen.push(`body ${body.length}`),
      onResponseTrailers: ({ stream: { policy } }) => void seen.push(`trailers ${policy}`),
    }).open(stream);
    for (const message of [requestHeaders, requestBody, responseTrailers]) void handle(message);
    expect(seen).toEqual(['headers true', 'body 1', 'trailers demo/test/0']);
  });

  test('lets a phase without a handler go on', () => {
    expect(defineProcessor({}).open(stream)(requestHeaders)).toBeUndefined();
  });

  test('makes the context once for a stream, and another for the next', () => {
    const processor = defineProcessor({
      createContext: ({ policy }) => ({ policy, count: 0 }),
      onRequestHeaders: ({ context }) => {
        context.count += 1;
      },
      onRequestBody: ({ context }) => respondWith({ status: 200, body: `${context.policy} ${context.count}` }),
    });
    const first = processor.open(stream);
    void first(requestHeaders);
    expect(first(requestBody)).toMatchObject({ body: 'demo/test/0 1' });
    expect(processor.open(stream)(requestBody)).toMatchObject({ body: 'demo/test/0 0' });
  });

  test('gives the promise of an asynchronous handler', async () => {
    const handle = defineProcessor({
      onRequestHeaders: async () => continueWith({ headers: { set: { a: '1' } } }),
    }).open(stream);
    await expect(handle(requestHeaders)).resolves.toEqual({ kind: 'continue', headers: { set: { a: '1' } } });
  });

  test('refuses a handler under a name that is no phase', () => {
    const misspelt: object = { onRequestHeader: () => respondWith({ status: 403 }) };
    expect(() => defineProcessor(misspelt)).toThrow(/onRequestHeader is no phase; accepted are .*onRequestHeaders/);
  });

  test('refuses a handler that is no function', () => {
    const wrong: object = { onRequestHeaders: 'yes' };
    expect(() => defineProcessor(wrong)).toThrow(/onRequestHeaders is a string; accepted is a function/);
  });

  test('makes what the host knows for a processor', () => {
    expect(isProcessor(defineProcessor({}))).toBe(true);
    for (const other of [undefined, null, {}, { kind: 'processor', open: () => undefined }, () => undefined]) {
      expect(isProcessor(other)).toBe(false);
    }
  });

  test('types what each phase may change', () => {
    // These are checked by the compiler; the calls themselves change nothing.
    defineProcessor({
      onRequestHeaders: () => continueWith({ headers: { remove: ['a'] }, clearRouteCache: true }),
      // @ts-expect-error -- the route of a response is past
      onResponseHeaders: () => continueWith({ clearRouteCache: true }),
      // @ts-expect-error -- trailers have no body
      onRequestTrailers: () => continueWith({ body: 'x' }),
      // @ts-expect-error -- a misspelt change
      onRequestBody: () => continueWith({ header: { set: {} } }),
    });
    expect.assertions(0);
  });
});
