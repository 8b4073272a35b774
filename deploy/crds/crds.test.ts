import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderDefinitions } from './render.ts';

describe('the resource definitions of our group', () => {
  it.each([...renderDefinitions()])('%s is what the schemas say (npm run crds writes it)', (file, text) => {
    expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toBe(text);
  });

  it('are all that is here', () => {
    expect(globSync('*.yaml', { cwd: import.meta.dirname }).toSorted()).toEqual(
      [...renderDefinitions().keys()].toSorted(),
    );
  });

  it('have the short names that users of Envoy Gateway type', () => {
    const names = [...renderDefinitions().values()].flatMap((text) => [
      ...(/shortNames:\n(?<names>(?: +- \w+\n)+)/u.exec(text)?.groups?.['names']?.match(/\w+/gu) ?? []),
    ]);
    expect(names.toSorted()).toEqual(['be', 'btp', 'ctp', 'eep', 'epp', 'eproxy', 'hrf', 'sp']);
  });
});
