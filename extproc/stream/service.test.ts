import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { enumMembers } from '#proto/load.ts';
import { defineProcessor } from '../processor/define-processor.ts';
import type { HeadersMessage } from '../processor/phases.ts';
import { continueWith, respondWith } from '../processor/results.ts';
import { headersSet, message, withBodyMode } from '../testing/ext-proc-client.ts';
import { serveProcessor } from '../testing/serve-processor.ts';

const BodyMode = enumMembers('envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode');

describe('a stream without handlers', () => {
  test('is answered in every phase with the answer of that phase', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    const stream = open();
    const phases = [
      message.requestHeaders({}, false),
      message.requestBody('a', false),
      message.requestBody('b', false),
      message.requestTrailers(),
      message.responseHeaders(),
      message.responseBody('c', false),
      message.responseTrailers(),
    ];
    for (const phase of phases) {
      const answer = await stream.ask(phase);
      expect(answer.response.case).toBe(phase.request?.case);
      expect(headersSet(answer)).toEqual([]);
    }
    stream.finish();
    expect(await stream.ended).toMatchObject({ code: status.OK });
  });

  test('sends every piece back when the bodies are full duplex', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    const stream = open();
    await stream.ask(withBodyMode(message.requestHeaders({}, false), BodyMode.FULL_DUPLEX_STREAMED));
    const { response } = await stream.ask(message.requestBody('piece', true));
    expect(response).toMatchObject({
      case: 'requestBody',
      value: {
        response: {
          bodyMutation: {
            mutation: { case: 'streamedResponse', value: { body: Buffer.from('piece'), endOfStream: true } },
          },
        },
      },
    });
  });

  test('gets no answer to what Envoy only shows', async () => {
    const seen: string[] = [];
    const { open } = await serveProcessor(
      defineProcessor({ onRequestHeaders: ({ headers }) => void seen.push(headers.get('a') ?? '') }),
    );
    const stream = open();
    stream.send({ ...message.requestHeaders({ a: 'shown' }), observabilityMode: true });
    stream.finish();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    await expect(stream.next()).rejects.toThrow('the stream ended with 0');
    expect(seen).toEqual(['shown']);
  });

  test('takes no notice of flow control', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    const stream = open();
    stream.send({ clientWindowUpdate: {} });
    expect((await stream.ask(message.requestHeaders())).response.case).toBe('requestHeaders');
  });
});

describe('the answers of handlers', () => {
  test('set, append and remove headers', async () => {
    const { open } = await serveProcessor(
      defineProcessor({
        onRequestHeaders: () =>
          continueWith({
            headers: { set: { 'X-A': ['1', '2'], 'x-none': [] }, append: { 'x-b': '3' }, remove: ['x-c'] },
            clearRouteCache: true,
            metadata: { 'demo.space': { user: 'ada' } },
          }),
      }),
    );
    const answer = await open().ask(message.requestHeaders());
    expect(headersSet(answer)).toEqual(['x-a: 1', 'x-a: 2', 'x-b: 3']);
    const Action = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');
    expect(answer).toMatchObject({
      dynamicMetadata: { 'demo.space': { user: 'ada' } },
      response: {
        value: {
          response: {
            clearRouteCache: true,
            headerMutation: {
              removeHeaders: ['x-c', 'x-none'],
              setHeaders: [
                { appendAction: Action.OVERWRITE_IF_EXISTS_OR_ADD },
                // Envoy 1.40 overwrites unless `append` says otherwise too.
                { appendAction: Action.APPEND_IF_EXISTS_OR_ADD, append: true },
                { appendAction: Action.APPEND_IF_EXISTS_OR_ADD, append: true },
              ],
            },
          },
        },
      },
    });
  });

  test('replace a body in the phase of the headers and in its own', async () => {
    const { open } = await serveProcessor(
      defineProcessor({
        onRequestHeaders: () => continueWith({ body: 'whole' }),
        onResponseBody: ({ body }) => continueWith({ body: body.length === 0 ? 'filled' : '' }),
      }),
    );
    const stream = open();
    expect((await stream.ask(message.requestHeaders({}, false))).response.value).toMatchObject({
      response: {
        status: enumMembers('envoy.service.ext_proc.v3.CommonResponse.ResponseStatus').CONTINUE_AND_REPLACE,
        bodyMutation: { mutation: { case: 'body', value: Buffer.from('whole') } },
      },
    });
    expect((await stream.ask(message.responseBody('', false))).response.value).toMatchObject({
      response: { bodyMutation: { mutation: { case: 'body', value: Buffer.from('filled') } } },
    });
    expect((await stream.ask(message.responseBody('piece'))).response.value).toMatchObject({
      response: { bodyMutation: { mutation: { case: 'clearBody', value: true } } },
    });
  });

  test.each([
    [
      'keep content-length true of a whole body that is replaced',
      BodyMode.BUFFERED,
      { 'content-length': '3' },
      ['content-length: 6'],
    ],
    ['add no content-length to a body that had none', BodyMode.BUFFERED, {}, []],
    ['leave content-length alone when the body comes in pieces', BodyMode.STREAMED, { 'content-length': '3' }, []],
  ])('%s', async (_, mode, headers, expected) => {
    const { open } = await serveProcessor(defineProcessor({ onRequestBody: () => continueWith({ body: 'longer' }) }));
    const stream = open();
    await stream.ask(withBodyMode(message.requestHeaders(headers, false), mode));
    expect(headersSet(await stream.ask(message.requestBody('abc')))).toEqual(expected);
  });

  test('respond in place of the upstream, after which nothing is handled any more', async () => {
    const bodies: number[] = [];
    const { open } = await serveProcessor(
      defineProcessor({
        onRequestHeaders: () =>
          respondWith({ status: 418, headers: { 'x-pot': 'tea' }, body: 'short', grpcStatus: 7, details: 'pot' }),
        onRequestBody: ({ body }) => void bodies.push(body.length),
      }),
    );
    const stream = open();
    const answer = await stream.ask(message.requestHeaders({}, false));
    expect(headersSet(answer)).toEqual(['x-pot: tea']);
    expect(answer.response).toMatchObject({
      case: 'immediateResponse',
      value: { status: { code: 418 }, body: Buffer.from('short'), grpcStatus: { status: 7 }, details: 'pot' },
    });
    stream.send(message.requestBody('late'));
    stream.finish();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    expect(bodies).toEqual([]);
  });

  test('come in the order of the messages, however long a handler takes', async () => {
    const { open } = await serveProcessor(
      defineProcessor({
        createContext: () => ({ turn: 0 }),
        onRequestBody: async ({ context }) => {
          const turn = (context.turn += 1);
          for (let wait = 3 - turn; wait > 0; wait -= 1) await new Promise((resolve) => setImmediate(resolve));
          return continueWith({ body: `${turn}` });
        },
      }),
    );
    const stream = open();
    for (const text of ['a', 'b', 'c']) stream.send(message.requestBody(text, false));
    for (const turn of ['1', '2', '3']) {
      expect((await stream.next()).response.value).toMatchObject({
        response: { bodyMutation: { mutation: { value: Buffer.from(turn) } } },
      });
    }
  });

  test('may be large: a body of 8 MiB passes', async () => {
    const { open } = await serveProcessor(
      defineProcessor({ onRequestBody: ({ body }) => continueWith({ headers: { set: { size: `${body.length}` } } }) }),
    );
    expect(headersSet(await open().ask(message.requestBody('x'.repeat(8 << 20))))).toEqual(['size: 8388608']);
  });
});

describe('a handler that fails', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
      'secret detail',
    ],
    ['rejects', () => Promise.reject(new Error('secret detail')), 'secret detail'],
    ['returns a result without kind', () => ({ status: 403 }), 'without kind'],
    ['returns null', () => null, 'returned null'],
    ['returns an unknown change', () => ({ kind: 'continue', header: {} }), 'has header; accepted are'],
    ['responds with no status of HTTP', () => ({ kind: 'respond', status: 42 }), 'status 42'],
    [
      'names a header that is none',
      () => ({ kind: 'continue', headers: { set: { 'a b': '1' } } }),
      '\\"a b\\" is no header name',
    ],
    [
      'smuggles a second header',
      () => ({ kind: 'continue', headers: { set: { a: '1\r\nb: 2' } } }),
      'header a has a control character',
    ],
    ['sets a header to a number', () => ({ kind: 'continue', headers: { set: { a: 1 } } }), 'header a is a number'],
  ])('and %s fails its own stream only, and Envoy is not told why', async (_, handler, logged) => {
    // Typed code cannot write these; JavaScript can.
    const untyped: object = {
      onRequestHeaders: ({ headers }: HeadersMessage) => (headers.has('good') ? undefined : handler()),
    };
    const { open, lines } = await serveProcessor(defineProcessor(untyped));
    const good = open();
    await good.ask(message.requestHeaders({ good: '1' }));
    const bad = open();
    bad.send(message.requestHeaders());
    expect(await bad.ended).toEqual({ code: status.INTERNAL, details: 'the processor failed' });
    expect(lines.join('')).toContain(logged);
    expect((await good.ask(message.responseHeaders())).response.case).toBe('responseHeaders');
  });

  test('when its context cannot be made', async () => {
    const { open } = await serveProcessor(
      defineProcessor({
        createContext: (): undefined => {
          throw new Error('no context');
        },
      }),
    );
    const stream = open();
    stream.send(message.requestHeaders());
    expect(await stream.ended).toMatchObject({ code: status.INTERNAL });
  });

  test('to see that full duplex takes no body with the headers', async () => {
    const { open, lines } = await serveProcessor(
      defineProcessor({ onRequestHeaders: () => continueWith({ body: 'x' }) }),
    );
    const stream = open();
    stream.send(withBodyMode(message.requestHeaders(), BodyMode.FULL_DUPLEX_STREAMED));
    expect(await stream.ended).toMatchObject({ code: status.INTERNAL });
    expect(lines.join('')).toContain('FULL_DUPLEX_STREAMED');
  });
});

describe('a stream that is not as Envoy sends it', () => {
  test('fails when its messages are out of order, and no other does', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    const good = open();
    await good.ask(message.requestHeaders());
    const bad = open();
    await bad.ask(message.requestHeaders());
    bad.send(message.requestHeaders());
    expect(await bad.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect((await good.ask(message.responseHeaders())).response.case).toBe('responseHeaders');
  });

  test('fails when its bytes are no message, or one of an unknown phase', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    for (const bytes of [Buffer.from([0xff, 0xff]), Buffer.alloc(0), Buffer.from([0xfa, 0x07, 0x00])]) {
      const stream = open();
      stream.sendBytes(bytes);
      expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  test('fails when a message is larger than 16 MiB', async () => {
    const { open } = await serveProcessor(defineProcessor({}));
    const stream = open();
    stream.send(message.requestBody('x'.repeat((16 << 20) + 1)));
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

test('a handler learns that its stream was given up', async () => {
  const events = new EventTarget();
  const { open } = await serveProcessor(
    defineProcessor({
      onRequestHeaders: async ({ stream: { signal } }) => {
        events.dispatchEvent(new Event('waiting'));
        await once(signal, 'abort');
        events.dispatchEvent(new Event('aborted'));
      },
    }),
  );
  const waiting = once(events, 'waiting');
  const aborted = once(events, 'aborted');
  const stream = open();
  stream.send(message.requestHeaders());
  await waiting;
  stream.cancel();
  await aborted;
});
