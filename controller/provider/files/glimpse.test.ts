import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { glimpse } from './glimpse.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-glimpse-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('finds the documents of some kinds in all files, and passes over what it cannot read', () => {
  mkdirSync(join(folder, 'nested'));
  writeFileSync(
    join(folder, 'nested', 'a.yaml'),
    'kind: Service\nmetadata:\n  name: s\n---\nkind: "Gateway"\nmetadata:\n  name: g\n---\nkind: Gateway\nmetadata: &a {}\n',
  );
  writeFileSync(join(folder, 'b.yml'), 'metadata:\n  name: c\nkind: GatewayClass\n---\nspec:\n  kind: Gateway\n');
  writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe]));
  writeFileSync(join(folder, 'c.txt'), 'kind: Gateway\n');
  const seen = glimpse([folder, join(folder, 'none')], ['Gateway', 'GatewayClass']);
  expect(seen.filter((document) => document !== undefined)).toEqual([
    { metadata: { name: 'c' }, kind: 'GatewayClass' },
    { kind: 'Gateway', metadata: { name: 'g' } },
  ]);
});
