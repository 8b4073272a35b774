import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedFilterIr, WasmFilterIr } from './ir/wasm-filter.ts';
import { chooseFilters, type FilterChoice, readLoadedFilters, writeLoadedFilters } from './loaded-filters.ts';

const NAME = 'default/p/0';

const filter = (digest: string | undefined, config = '{}'): WasmFilterIr => ({
  name: NAME,
  index: 0,
  module: digest === undefined ? undefined : { digest },
  pluginName: '',
  rootId: '',
  config,
  hostKeys: [],
  failOpen: false,
});

const version = (digest: string, config = '{}'): LoadedFilterIr => ({
  filter: filter(digest, config),
  digest,
  path: `/${digest}`,
});

const by = (loaded: LoadedFilterIr | undefined): ReadonlyMap<string, LoadedFilterIr> =>
  new Map(loaded === undefined ? [] : [[NAME, loaded]]);

/** What is chosen where the modules "a" and "b" are with the proxy. */
const choose = (wanted: WasmFilterIr | undefined, choice: Partial<FilterChoice> = {}): LoadedFilterIr | undefined =>
  chooseFilters({
    wanted: new Map(wanted === undefined ? [] : [[NAME, wanted]]),
    last: new Map(),
    good: new Map(),
    refused: new Map(),
    pathOf: (digest) => (['a', 'b'].includes(digest) ? `/${digest}` : undefined),
    ...choice,
  }).get(NAME);

describe('the version of a filter that a proxy runs', () => {
  it('is the wanted one once its module is there', () => {
    expect(choose(filter('a'))).toEqual(version('a'));
    expect(choose(filter('c'))).toBeUndefined();
    expect(choose(filter(undefined))).toBeUndefined();
  });

  it('is until then the one before, module and configuration together', () => {
    const before = version('a', '{"old":1}');
    expect(choose(filter('c', '{"new":1}'), { last: by(before) })).toBe(before);
    expect(choose(filter(undefined, '{"new":1}'), { last: by(before) })).toBe(before);
    expect(choose(filter('b', '{"new":1}'), { last: by(before) })).toEqual(version('b', '{"new":1}'));
  });

  it('is the same object while it is the same', () => {
    const before = version('a');
    expect(choose(filter('a'), { last: by(before) })).toBe(before);
  });

  it('is, instead of one that was rejected, the last good one, or none', () => {
    const good = version('a');
    const bad = version('b');
    expect(choose(filter('b'), { last: by(bad), good: by(good), refused: by(bad) })).toBe(good);
    expect(choose(filter('b'), { last: by(bad), refused: by(bad) })).toBeUndefined();
    // What was rejected is one thing, its next configuration another.
    expect(choose(filter('b', '{"new":1}'), { last: by(good), good: by(good), refused: by(bad) })).toEqual(
      version('b', '{"new":1}'),
    );
  });

  it('is none once nobody wants the filter', () => {
    expect(choose(undefined, { last: by(version('a')), good: by(version('a')) })).toBeUndefined();
  });
});

describe('the versions on record', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are read again, those whose files are there', async () => {
    const path = join(folder, 'a.wasm');
    writeFileSync(path, '');
    const there = { ...version('a'), path };
    const gone = { ...version('b'), filter: { ...filter('b'), name: 'default/p/1' } };
    await writeLoadedFilters(folder, new Map([...by(there), ['default/p/1', gone]]));
    expect(await readLoadedFilters(folder)).toEqual(by(there));
  });

  it('are none where they cannot be read', async () => {
    expect(await readLoadedFilters(folder)).toEqual(new Map());
    writeFileSync(join(folder, 'wasm-filters.json'), '[{"path":');
    expect(await readLoadedFilters(folder)).toEqual(new Map());
  });
});
