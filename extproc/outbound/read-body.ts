import { Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FetchFailure } from './fetch-failure.ts';

/**
 * Reads a body to its end, decompressed as its content-encoding says (RFC 9110 section 8.4), and never holds more than
 * `limit` bytes of it: as sent, or decompressed.
 */
export async function readBody(
  body: Readable,
  headers: { readonly [name: string]: string },
  limit: number,
): Promise<Uint8Array> {
  const stated = Number(headers['content-length'] ?? 0);
  if (stated > limit) throw tooLarge(`${stated} bytes`, limit);
  const decoder = decoderOf(headers['content-encoding']);
  if (decoder === undefined) return collect(body, limit);
  // A bomb is small as sent; but what is sent must not be endless either, whatever comes out of it.
  const sent = Readable.from(counted(body, limit));
  sent.on('error', (error) => decoder.destroy(error));
  sent.pipe(decoder);
  try {
    return await collect(decoder, limit);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw badEncoding(error);
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_')) throw badEncoding(error);
    throw error;
  } finally {
    sent.destroy();
    decoder.destroy();
    body.destroy();
  }
}

async function collect(stream: Readable, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of counted(stream, limit)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* counted(stream: Readable, limit: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is bytes');
    length += chunk.length;
    if (length > limit) throw tooLarge(`more than ${limit} bytes`, limit);
    yield chunk;
  }
}

function decoderOf(encoding: string | undefined): Transform | undefined {
  const name = encoding?.trim().toLowerCase() ?? '';
  switch (name) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new FetchFailure(
        'BadEncoding',
        `content-encoding: found ${name}, accepted are gzip, deflate, br and identity`,
      );
  }
}

function badEncoding(error: Error): FetchFailure {
  return new FetchFailure('BadEncoding', `the body cannot be decompressed: ${error.message}`);
}

function tooLarge(found: string, limit: number): FetchFailure {
  return new FetchFailure('TooLarge', `found a body of ${found}, accepted are at most ${limit} bytes`);
}
