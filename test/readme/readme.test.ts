import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';
import { withFeatureTable } from './feature-table.ts';

describe('README.md', () => {
  it('shows what is implemented (npm run readme rewrites the tables)', () => {
    const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(withFeatureTable(text)).toBe(text);
  });

  it('is refused where there is no place for the tables', () => {
    expect(() => withFeatureTable('# A title')).toThrow('the document has no lines');
  });
});
