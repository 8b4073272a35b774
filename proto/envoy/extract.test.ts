import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createFileRegistry, getOption, hasOption } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ENVOY_SET_PATH, envoyFileSet } from './file-set.ts';
import { extract } from './extract.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function goIsThere(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('the committed descriptor set', () => {
  const set = envoyFileSet();

  // Deflate may differ between builds of zlib, so the bytes that count are the unpacked ones.
  test('is what the pinned Go modules give', ({ skip }) => {
    if (!goIsThere()) {
      if (process.env['CI'] === 'true') throw new Error('go is not on the PATH, and with CI=true this is no excuse');
      skip('go is not on the PATH: whether envoy.binpb.gz is reproducible was not checked');
    }
    expect(sha256(gunzipSync(extract(import.meta.dirname)))).toBe(sha256(gunzipSync(readFileSync(ENVOY_SET_PATH))));
  });

  test('carries no comments', () => {
    expect(set.file.filter((file) => file.sourceCodeInfo !== undefined)).toEqual([]);
  });

  test('has every file after its imports', () => {
    const place = new Map(set.file.map((file, index) => [file.name, index]));
    const early = set.file.filter((file, index) => file.dependency.some((name) => (place.get(name) ?? index) >= index));
    expect(early.map((file) => file.name)).toEqual([]);
  });

  test('keeps the rules by which Envoy validates what it is sent', () => {
    const registry = createFileRegistry(set);
    const rules = registry.getExtension('validate.rules');
    const name = registry.getMessage('envoy.config.cluster.v3.Cluster')?.field['name'];
    if (rules === undefined || name === undefined) throw new Error('validate.rules and Cluster.name expected');
    expect(hasOption(name, rules)).toBe(true);
    expect(getOption(name, rules)).toMatchObject({ type: { case: 'string', value: { minLen: 1n } } });
  });

  test.each([
    'xds.type.v3.TypedStruct',
    'xds.type.matcher.v3.HttpAttributesCelMatchInput',
    'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor',
    'envoy.extensions.filters.http.wasm.v3.Wasm',
  ])('knows %s, which no file of the API imports', (name) => {
    expect(createFileRegistry(set).getMessage(name)).toBeDefined();
  });
});
