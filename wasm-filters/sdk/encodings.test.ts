import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../build/compile.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { PROBE_ABORT } from '../testing/probe.ts';

/** A module whose configuration is the name of a function, a line break and what it is applied to. */
const PROBE = `
import { getPluginConfiguration, log, resultLen, resultPtr } from "./sdk/assembly/host";
import { alloc, resetArena } from "./sdk/assembly/arena";
import { decodeBase64Url, decodedSize, encodeBase64Url } from "./sdk/assembly/base64url";
import { JsonKind, kindOf, parseJson, textOf } from "./sdk/assembly/json";
import { sha256 } from "./sdk/assembly/sha256";
import "./abort";
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return alloc(size); }
function say(p: usize, n: u32): void {
  let out = "=";
  for (let i: u32 = 0; i < n; i++) { const b = <u32>load<u8>(p + i); out += (b < 16 ? "0" : "") + b.toString(16); }
  log(2, out);
}
export function proxy_on_configure(id: u32, size: u32): u32 {
  resetArena();
  getPluginConfiguration(size);
  const p = resultPtr() + 2;
  const n = resultLen() - 2;
  const what = load<u8>(resultPtr());
  if (what == 100) {
    const to = alloc(decodedSize(n));
    const m = decodeBase64Url(p, n, to);
    if (m < 0) log(2, "refused"); else say(to, m);
  } else if (what == 101) {
    const to = alloc((<usize>n / 3 + 1) * 4);
    say(to, <u32>(encodeBase64Url(p, n, to) - to));
  } else if (what == 115) {
    const to = alloc(32);
    sha256(p, n, to);
    say(to, 32);
  } else {
    const json = parseJson(p, n);
    if (json == 0) log(2, "refused");
    else if (kindOf(json) == JsonKind.text) { const text = textOf(json); say(text.ptr, text.len); }
    else log(2, "kind " + kindOf(json).toString());
  }
  return 1;
}
`;

let host: FilterHost;
beforeAll(async () => {
  const names = ['arena', 'host', 'slice', 'utf8', 'base64url', 'json', 'sha256'];
  const texts = names.map((name): [string, string] => [
    `sdk/assembly/${name}.ts`,
    readFileSync(join(import.meta.dirname, `assembly/${name}.ts`), 'utf8'),
  ]);
  const sources = new Map([['probe.ts', PROBE], ['abort.ts', PROBE_ABORT], ...texts]);
  host = await loadFilter(
    await compileModule({ baseDir: '.', entry: 'probe.ts', abortHandler: 'abort/onAbort', sources }),
  );
});

type Name = 'decode' | 'encode' | 'sha256' | 'json';

/** What a function gives; `undefined` when it refuses. */
function apply(name: Name, input: string | Uint8Array): Buffer | string | undefined {
  const before = host.logs.length;
  host.configure(Buffer.concat([Buffer.from(`${name === 'json' ? 'j' : name[0]}\n`), Buffer.from(input)]));
  const line = host.logs[before]?.message;
  if (line === undefined) throw new Error(`${name} trapped`);
  if (line === 'refused') return undefined;
  return line.startsWith('=') ? Buffer.from(line.slice(1), 'hex') : line;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('base64url', () => {
  it('gives back what was encoded, as Node encodes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(apply('encode', bytes)?.toString()).toBe(text);
        expect(apply('decode', text)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('accepts one text for some bytes and no other', () => {
    const text = fc.string({ unit: fc.constantFrom(...LETTERS.split('')), minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(text, (some) => {
        const bytes = apply('decode', some);
        const canonical = Buffer.from(some, 'base64url').toString('base64url') === some;
        expect(bytes).toEqual(canonical ? Buffer.from(some, 'base64url') : undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['AA==', 'AA=', 'A', 'AA AA', 'AAA\n', 'AA+A', 'AA/A', 'AAA\u0000', 'AAÄ', 'AB', 'AAB'])(
    'refuses %j',
    (text) => {
      expect(apply('decode', text)).toBeUndefined();
    },
  );
});

describe('SHA-256', () => {
  it('is that of Node for every length around its blocks', () => {
    for (let length = 0; length < 200; length += 1) {
      const bytes = Buffer.alloc(length, length);
      expect(apply('sha256', bytes)).toEqual(createHash('sha256').update(bytes).digest());
    }
  });
});

describe('JSON', () => {
  it.each([
    ['"a\\"\\\\\\/\\b\\f\\n\\r\\tz"', 'a"\\/\b\f\n\r\tz'],
    ['"\\u00e4\\u20AC\\ud83d\\ude00\\u0000"', 'ä€😀\u0000'],
    [' "ä€😀" ', 'ä€😀'],
  ])('reads the text %s', (json, text) => {
    expect(apply('json', json)).toEqual(Buffer.from(text));
  });

  it.each([
    ['half of a surrogate pair', '"\\ud83d"'],
    ['the other half', '"\\ude00"'],
    ['two first halves', '"\\ud83d\\ud83d"'],
    ['an escape that does not exist', '"\\x41"'],
    ['an escape that is cut off', '"\\u00e'],
    ['a line break in text', '"a\nb"'],
    ['a number with a leading zero', '01'],
    ['a number without digits', '-'],
    ['a number that ends in its point', '1.'],
    ['a comma at the end', '[1,]'],
    ['a member without value', '{"a":}'],
    ['something behind', '{} {}'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['33 arrays in each other', `${'['.repeat(34)}${']'.repeat(34)}`],
  ])('refuses %s', (_, json) => {
    expect(apply('json', json)).toBeUndefined();
  });

  it('refuses what is not UTF-8', () => {
    expect(apply('json', Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toBeUndefined();
  });

  it('is what JSON.parse takes, and nothing else', () => {
    const parts = [
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ':',
      ',',
      '-',
      '0',
      '1',
      '.',
      'e',
      '+',
      ' ',
      'true',
      'false',
      'null',
      'a',
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 7 }).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.json({ maxDepth: 4 })), (json) => {
        expect(apply('json', json) !== undefined).toBe(isJson(json));
      }),
      { numRuns: 5_000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
