import { describe, expect, test } from 'vitest';
import { headerView } from '../processor/header-view.ts';
import type { PhaseMessage } from '../processor/phases.ts';
import { PhaseOrder } from './phase-order.ts';

/** Letters for messages: Q request, S response; h headers, b body, t trailers; $ is the end of the direction. */
function message(code: string): PhaseMessage {
  const info = { attributes: {}, metadata: {} };
  const endOfStream = code.endsWith('$');
  const request = code.startsWith('Q');
  switch (code[1]) {
    case 'h':
      return {
        kind: request ? 'requestHeaders' : 'responseHeaders',
        ...info,
        headers: headerView(Buffer.alloc(0)),
        endOfStream,
      };
    case 'b':
      return { kind: request ? 'requestBody' : 'responseBody', ...info, body: new Uint8Array(), endOfStream };
    default:
      return { kind: request ? 'requestTrailers' : 'responseTrailers', ...info, trailers: headerView(Buffer.alloc(0)) };
  }
}

function faults(codes: string): readonly (string | undefined)[] {
  const order = new PhaseOrder();
  return codes.split(' ').map((code) => order.next(message(code)));
}

describe('the order of phases', () => {
  test.each([
    ['headers only', 'Qh$ Sh$'],
    ['everything', 'Qh Qb Qb Qt Sh Sb Sb St'],
    ['bodies that end', 'Qh Qb Qb$ Sh Sb$'],
    ['a mode that skips request headers', 'Qb$ Sh Sb$'],
    ['a mode that skips the request', 'Sh Sb$'],
    ['a mode with bodies only', 'Qb$ Sb$'],
    ['trailers only', 'Qt St'],
    ['a body that is still sent while the response comes', 'Qh Qb Sh Sb Qb Qb$ Sb$'],
  ])('accepts %s', (_, codes) => {
    expect(faults(codes).filter((fault) => fault !== undefined)).toEqual([]);
  });

  test.each([
    ['request headers twice', 'Qh Qh', 'headers of the request a second time'],
    ['response headers twice', 'Qh$ Sh Sh', 'headers of the response a second time'],
    ['the request after its response', 'Sh Qh', 'headers of the request after a part of its response'],
    ['headers after the body', 'Qb Qh', 'headers of the request after its body or trailers'],
    ['headers after their own end', 'Qh$ Qh', 'headers of the request after its body or trailers'],
    ['a body after headers that said there is none', 'Qh$ Qb', 'body of the request after its end'],
    ['a body after its end', 'Qh Qb$ Qb', 'body of the request after its end'],
    ['a body after trailers', 'Sh Sb St Sb', 'body of the response after its end'],
    ['trailers twice', 'St St', 'trailers of the response after its end'],
    ['trailers after the end', 'Qh Qb$ Qt', 'trailers of the request after its end'],
  ])('refuses %s', (_, codes, expected) => {
    const found = faults(codes);
    expect(found.slice(0, -1).every((fault) => fault === undefined)).toBe(true);
    expect(found.at(-1)).toBe(expected);
  });
});
