import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enumMembers, type MessageTypes, schema } from '#proto/load.ts';
import type { Changes, Continue, HeaderChanges, HeaderValues, Respond } from '../processor/results.ts';
import { decodeRequest, type Incoming } from './decode-request.ts';
import { encodeAnswer } from './encode-answer.ts';
import { BODY_SEND_MODE, HEADER_SEND_MODE } from './modes.ts';

// What is read and written by hand is held to protobuf-es, which reads and writes the same by its description.

const request = schema('envoy.service.ext_proc.v3.ProcessingRequest');
const response = schema('envoy.service.ext_proc.v3.ProcessingResponse');

const MODE = 'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode';

test('the numbers of the modes are those of the API of Envoy', () => {
  expect(enumMembers(`${MODE}.BodySendMode`)).toEqual(BODY_SEND_MODE);
  expect(enumMembers(`${MODE}.HeaderSendMode`)).toEqual(HEADER_SEND_MODE);
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const value = fc.stringMatching(/^[ -~äß☃]{0,40}$/);
const headers = fc.array(fc.record({ key: name, rawValue: value.map((text) => Buffer.from(text)) }), { maxLength: 20 });
const struct = fc.dictionary(name, fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.array(fc.string())));
const structs = fc.dictionary(name, struct, { maxKeys: 3 });

type RequestCase = Exclude<MessageInitShape<typeof request>['request'], undefined>;

const phases: fc.Arbitrary<RequestCase> = fc.oneof(
  fc
    .tuple(fc.constantFrom('requestHeaders', 'responseHeaders'), headers, fc.boolean())
    .map(([kind, list, endOfStream]) => ({ case: kind, value: { headers: { headers: list }, endOfStream } })),
  fc
    .tuple(
      fc.constantFrom('requestBody', 'responseBody'),
      fc.record({
        body: fc.uint8Array({ maxLength: 300 }),
        endOfStream: fc.boolean(),
        endOfStreamWithoutMessage: fc.boolean(),
        grpcMessageCompressed: fc.boolean(),
      }),
    )
    .map(([kind, body]) => ({ case: kind, value: body })),
  fc
    .tuple(fc.constantFrom('requestTrailers', 'responseTrailers'), headers)
    .map(([kind, list]) => ({ case: kind, value: { trailers: { headers: list } } })),
);

describe('a message of Envoy', () => {
  test('is read as protobuf-es reads it', () => {
    fc.assert(
      fc.property(phases, structs, structs, fc.boolean(), (phase, attributes, filterMetadata, observabilityMode) => {
        const sent = create(request, {
          request: phase,
          attributes,
          metadataContext: { filterMetadata },
          observabilityMode,
        });
        const bytes = toBinary(request, sent);
        expect(shownByHand(decodeRequest(Buffer.from(bytes)))).toEqual(shownByLibrary(fromBinary(request, bytes)));
      }),
    );
  });

  test('tells how bodies come', () => {
    const { BUFFERED, FULL_DUPLEX_STREAMED } = enumMembers(`${MODE}.BodySendMode`);
    const sent = create(request, {
      request: { case: 'requestHeaders', value: {} },
      protocolConfig: { requestBodyMode: BUFFERED, responseBodyMode: FULL_DUPLEX_STREAMED },
    });
    expect(decodeRequest(Buffer.from(toBinary(request, sent)))).toMatchObject({
      flow: { request: 'whole', response: 'duplex' },
    });
  });

  test('that is cut off, or no message at all, never throws', () => {
    fc.assert(
      fc.property(phases, fc.nat(), fc.uint8Array({ maxLength: 60 }), (phase, cut, noise) => {
        const bytes = Buffer.from(toBinary(request, create(request, { request: phase })));
        for (const some of [bytes.subarray(0, cut % (bytes.length + 1)), Buffer.from(noise)]) {
          shownByHand(decodeRequest(some));
        }
      }),
    );
    expect(decodeRequest(Buffer.from([0x12, 0x7f]))).toEqual({ kind: 'invalid', reason: 'not a ProcessingRequest' });
  });
});

const words = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 5 });
const headerChanges: fc.Arbitrary<HeaderChanges> = fc.record(
  { set: words, append: words, remove: fc.array(name, { maxLength: 3 }) },
  { requiredKeys: [] },
);
const continued: fc.Arbitrary<Continue<Changes>> = fc.record(
  {
    kind: fc.constant('continue'),
    headers: headerChanges,
    clearRouteCache: fc.boolean(),
    body: fc.oneof(value, fc.uint8Array({ maxLength: 9_000 })),
    metadata: structs,
  },
  { requiredKeys: ['kind'] },
);
const responded: fc.Arbitrary<Respond> = fc.record(
  {
    kind: fc.constant('respond'),
    status: fc.integer({ min: 200, max: 599 }),
    headers: words,
    body: value,
    grpcStatus: fc.integer({ min: 0, max: 16 }),
    details: value,
    metadata: structs,
  },
  { requiredKeys: ['kind', 'status'] },
);

describe('an answer', () => {
  test('is as long as when protobuf-es writes it, and says nothing that it does not know', () => {
    fc.assert(
      fc.property(fc.oneof(continued, responded), (result) => {
        const bytes = answerTo(result);
        const answer = fromBinary(response, bytes);
        expect(answer.$unknown).toBeUndefined();
        expect(bytes.length).toBe(toBinary(response, answer).length);
      }),
    );
  });

  test('has the headers in the order in which they were given', () => {
    fc.assert(
      fc.property(headerChanges, (changes) => {
        const { response: shown } = fromBinary(response, answerTo({ kind: 'continue', headers: changes }));
        const mutation = shown.case === 'requestHeaders' ? shown.value.response?.headerMutation : undefined;
        expect(pairs({ headers: mutation?.setHeaders.flatMap(({ header }) => header ?? []) ?? [] })).toEqual([
          ...each(changes.set),
          ...each(changes.append),
        ]);
      }),
    );
  });
});

function answerTo(result: Continue<Changes> | Respond): Buffer {
  const read = decodeRequest(
    Buffer.from(toBinary(request, create(request, { request: { case: 'requestHeaders', value: {} } }))),
  );
  if (read.kind !== 'phase') throw new Error('no phase');
  return encodeAnswer({ ...read, flow: 'pieces', declaresLength: false }, result);
}

/** Everything there is to know of a message, in one form for both ways to read it. */
function shownByHand(read: Incoming): object {
  if (read.kind !== 'phase') return read;
  const { message, marks, observed } = read;
  const { kind, attributes, metadata } = message;
  const info = { kind, attributes, metadata, observed };
  if ('headers' in message) return { ...info, headers: [...message.headers], endOfStream: message.endOfStream };
  if ('trailers' in message) return { ...info, headers: [...message.trailers] };
  return { ...info, body: Buffer.from(message.body).toString('hex'), endOfStream: message.endOfStream, marks };
}

function shownByLibrary(message: MessageTypes['envoy.service.ext_proc.v3.ProcessingRequest']): object {
  const { request: phase, attributes, metadataContext, observabilityMode: observed } = message;
  const info = { kind: phase.case, attributes, metadata: metadataContext?.filterMetadata, observed };
  switch (phase.case) {
    case 'requestHeaders':
    case 'responseHeaders':
      return { ...info, headers: pairs(phase.value.headers), endOfStream: phase.value.endOfStream };
    case 'requestBody':
    case 'responseBody': {
      const { body, endOfStream, endOfStreamWithoutMessage, grpcMessageCompressed } = phase.value;
      return {
        ...info,
        body: Buffer.from(body).toString('hex'),
        endOfStream: endOfStream || endOfStreamWithoutMessage,
        marks: { endOfStreamWithoutMessage, grpcMessageCompressed },
      };
    }
    case 'requestTrailers':
    case 'responseTrailers':
      return { ...info, headers: pairs(phase.value.trailers) };
    case undefined:
      return info;
    default:
      return phase satisfies never;
  }
}

interface Header {
  readonly key: string;
  readonly rawValue: Uint8Array;
}

function pairs(map: { readonly headers: readonly Header[] } | undefined): readonly (readonly string[])[] {
  return (map?.headers ?? []).map(({ key, rawValue }) => [key, Buffer.from(rawValue).toString()]);
}

function each(values: HeaderValues | undefined): readonly (readonly string[])[] {
  return Object.entries(values ?? {}).flatMap(([key, texts]) => [texts].flat().map((text) => [key, text]));
}
