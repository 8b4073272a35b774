import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { toPlainJson } from '#controller/runtime/plain-json.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { goldenCases } from './cases.ts';
import { GOLDEN_TIME } from './render.ts';

/** What is shorter could be there by chance. */
const SHORTEST = 4;
/** What Secrets have that is not secret: certificates, and names of clients of OpenID Connect. */
const PUBLIC: ReadonlySet<string> = new Set(['tls.crt', 'ca.crt', 'crl', 'client-id', 'jwks']);

/** Everything secret in the Secrets of a file, as it may be written: text, and base64 of it. */
function secretsIn(file: string): readonly string[] {
  return [...loadOnce([file]).resources.values()].flatMap(({ resource }) => {
    if (resource.kind !== 'Secret') return [];
    const { data = {}, stringData = {} } = resource;
    const texts = [
      ...Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const),
      ...Object.entries(stringData),
    ];
    return texts
      .filter(([key]) => !PUBLIC.has(key))
      .flatMap(([, text]) => [text, ...text.split('\n')])
      .filter((text) => text.length >= SHORTEST && !text.startsWith('-----'))
      .flatMap((text) => [text, Buffer.from(text).toString('base64')]);
  });
}

const examples = globSync('deploy/examples/**/*.yaml', { cwd: ROOT }).map((name) => ({
  name,
  input: join(ROOT, name),
}));
const cases = [...goldenCases(), ...examples].filter(({ input }) => secretsIn(input).length > 0);

describe('what is shown of how manifests were understood', () => {
  it('is looked at with Secrets of many kinds', () => {
    expect(cases.length).toBeGreaterThan(10);
  });

  it.each(cases)('has nothing of the Secrets of $name', ({ input }) => {
    const { proxies } = compile(loadOnce([input]), DEFAULT_CONFIGURATION, () => GOLDEN_TIME);
    const shown = JSON.stringify(toPlainJson(proxies));
    expect(secretsIn(input).filter((secret) => shown.includes(JSON.stringify(secret).slice(1, -1)))).toEqual([]);
  });
});
