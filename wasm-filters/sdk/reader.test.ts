import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateReaders } from '#proto/codegen/generate-readers.ts';
import { schema } from '#proto/load.ts';
import { compileModule } from '../build/compile.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';

const Policy = schema('sluice.filter.v1.Policy');
type PolicyInit = MessageInitShape<typeof Policy>;

/** A module that reads its configuration as a Policy, and logs what it found, line by line. */
const PROBE = `
import { Policy } from "./gen/policy";
import "./sdk/assembly/abort";
import { alloc, resetArena } from "./sdk/assembly/arena";
import { getPluginConfiguration, log, resultLen, resultPtr } from "./sdk/assembly/host";
import { Reader } from "./sdk/assembly/reader";
import { Slice } from "./sdk/assembly/slice";
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return alloc(size); }
let out: string = "";
function put(name: string, s: Slice): void {
  out += name + "=";
  for (let i: u32 = 0; i < s.len; i++) out += load<u8>(s.ptr + i).toString() + ",";
  out += "\\n";
}
function puts(name: string, all: Slice[]): void { for (let i = 0; i < all.length; i++) put(name, all[i]); }
export function proxy_on_configure(id: u32, n: u32): u32 {
  resetArena();
  if (n == 0) { out = ""; } else if (!getPluginConfiguration(n)) { return 0; }
  const reader = new Reader(resultPtr(), resultPtr() + (n == 0 ? 0 : resultLen()));
  const m = Policy.read(reader);
  out = "needs=" + m.needs.toString() + "\\n";
  put("source", m.source);
  const jwt = m.jwt;
  if (jwt !== null) {
    out += "optional=" + (jwt.optional ? "1" : "0") + "\\n";
    for (let i = 0; i < jwt.providers.length; i++) {
      const p = jwt.providers[i];
      put("name", p.name); put("issuer", p.issuer); puts("audience", p.audiences);
      for (let j = 0; j < p.keys.length; j++) {
        put("kid", p.keys[j].kid); out += "alg=" + p.keys[j].algorithm.toString() + "\\n"; put("spki", p.keys[j].spki);
      }
      for (let j = 0; j < p.claimToHeaders.length; j++) {
        puts("claim", p.claimToHeaders[j].claim); put("to", p.claimToHeaders[j].header);
      }
      for (let j = 0; j < p.sources.length; j++) {
        const s = p.sources[j];
        out += "case=" + s.sourceCase.toString() + "\\n";
        const h = s.header;
        if (s.sourceCase == 1 && h !== null) { put("header", h.name); put("prefix", h.prefix); }
        if (s.sourceCase == 2) put("query", s.queryParameter);
        if (s.sourceCase == 3) put("cookie", s.cookie);
      }
    }
  }
  const a = m.authorization;
  if (a !== null) {
    out += "default=" + a.defaultAction.toString() + "\\n";
    for (let i = 0; i < a.rules.length; i++) { put("rule", a.rules[i].name); out += "action=" + a.rules[i].action.toString() + "\\n"; }
  }
  log(2, reader.ok ? out : "refused");
  __collect();
  return reader.ok ? 1 : 0;
}
`;

/** What the probe writes, of a message that protobuf-es decoded. */
function dump(bytes: Uint8Array): string {
  const { needs, source, jwt, authorization } = fromBinary(Policy, bytes);
  const put = (name: string, value: string | Uint8Array): string =>
    `${name}=${[...Buffer.from(value)].map((byte) => `${byte},`).join('')}\n`;
  const provider = (of: NonNullable<typeof jwt>['providers'][number]): string[] => [
    put('name', of.name) + put('issuer', of.issuer),
    ...of.audiences.map((value) => put('audience', value)),
    ...of.keys.map(({ kid, algorithm, spki }) => `${put('kid', kid)}alg=${algorithm}\n${put('spki', spki)}`),
    ...of.claimToHeaders.map(
      ({ claim, header }) => claim.map((part) => put('claim', part)).join('') + put('to', header),
    ),
    ...of.sources.map(({ source: from }) => {
      switch (from.case) {
        case 'header':
          return `case=1\n${put('header', from.value.name)}${put('prefix', from.value.prefix)}`;
        case 'queryParameter':
          return `case=2\n${put('query', from.value)}`;
        case 'cookie':
          return `case=3\n${put('cookie', from.value)}`;
        case undefined:
          return 'case=0\n';
        default:
          return from satisfies never;
      }
    }),
  ];
  return [
    `needs=${needs}\n${put('source', source)}`,
    ...(jwt === undefined ? [] : [`optional=${jwt.optional ? 1 : 0}\n`, ...jwt.providers.flatMap(provider)]),
    ...(authorization === undefined
      ? []
      : [
          `default=${authorization.defaultAction}\n`,
          ...authorization.rules.map(({ name, action }) => `${put('rule', name)}action=${action}\n`),
        ]),
  ].join('');
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.array(text, { maxLength: 3 });
const policies: fc.Arbitrary<PolicyInit> = fc.record(
  {
    needs: fc.nat(300),
    source: text,
    jwt: fc.record({
      optional: fc.boolean(),
      providers: fc.array(
        fc.record({
          name: text,
          issuer: text,
          audiences: texts,
          keys: fc.array(fc.record({ kid: text, algorithm: fc.nat(6), spki: fc.uint8Array({ maxLength: 200 }) }), {
            maxLength: 2,
          }),
          claimToHeaders: fc.array(fc.record({ claim: texts, header: text }), { maxLength: 2 }),
          sources: fc.array(
            fc.oneof(
              fc.record({ name: text, prefix: text }).map((value) => ({ source: { case: 'header' as const, value } })),
              text.map((value) => ({ source: { case: 'cookie' as const, value } })),
              text.map((value) => ({ source: { case: 'queryParameter' as const, value } })),
            ),
            { maxLength: 2 },
          ),
        }),
        { maxLength: 2 },
      ),
    }),
    authorization: fc.record({
      defaultAction: fc.nat(2),
      rules: fc.array(fc.record({ name: text, action: fc.nat(2) }), { maxLength: 3 }),
    }),
  },
  { requiredKeys: [] },
);

const encoded = policies.map((init) => toBinary(Policy, create(Policy, init)));

let host: FilterHost;
beforeAll(async () => {
  const folder = join(import.meta.dirname, 'assembly');
  const sdk = ['arena', 'host', 'reader', 'slice', 'utf8', 'abort'];
  const wasm = await compileModule({
    baseDir: '.',
    entry: 'probe.ts',
    abortHandler: 'sdk/assembly/abort/abortHandler',
    sources: new Map([
      ['probe.ts', PROBE],
      ...[...generateReaders()].map(([name, source]): [string, string] => [`gen/${name}`, source]),
      ...sdk.map((name): [string, string] => [
        `sdk/assembly/${name}.ts`,
        readFileSync(join(folder, `${name}.ts`), 'utf8'),
      ]),
    ]),
  });
  host = await loadFilter(wasm);
});

/** What the generated reader finds; `undefined` when it refuses. */
function read(bytes: Uint8Array): string | undefined {
  const before = host.logs.length;
  const accepted = host.configure(bytes);
  const line = host.logs[before]?.message;
  // Whether it accepts or refuses, the module says something at its end; after a trap it does not get there.
  if (line === undefined || (line === 'refused') === accepted) throw new Error(`trapped in [${bytes.join(', ')}]`);
  return accepted ? line : undefined;
}

describe('a generated reader', () => {
  it('reads what protobuf-es wrote', () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(read(bytes)).toBe(dump(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with protobuf-es on what is cut off, or refuses it', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (bytes, at) => {
        const cut = bytes.subarray(0, bytes.length === 0 ? 0 : at % bytes.length);
        const found = read(cut);
        expect(found).toBe(found === undefined ? undefined : dump(cut));
      }),
      { numRuns: 500 },
    );
  });

  it('never traps, whatever the bytes are', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    const damaged = fc.tuple(encoded, edits).map(([bytes, all]) => {
      const copy = Uint8Array.from(bytes);
      for (const [at, value] of all) if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        expect(() => read(bytes)).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['an enum value that it does not know', [0x22, 2, 0x08, 3]],
    ['a field it knows with another wire type', [0x22, 1, 0x09]],
    ['text that is not UTF-8', [0x12, 1, 0xff]],
    ['a surrogate in text', [0x12, 3, 0xed, 0xa0, 0x80]],
    ['a group', [0x0b, 0x0c]],
    ['field 0', [0x00, 0x00]],
    ['a number of eleven bytes', [0x08, ...Array.from({ length: 10 }, () => 0x80), 0]],
    ['a message that is longer than what is around it', [0x22, 2, 0x12, 4, 0x0a, 0]],
  ])('refuses %s', (_, bytes) => {
    expect(read(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('skips fields that it does not know: `needs` says whether that is allowed', () => {
    expect(read(Uint8Array.from([0x98, 0x06, 1, 0x08, 5]))).toContain('needs=5\n');
  });
});
