import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds } from '#controller/api/kinds.ts';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator } from '#controller/translate.ts';
import { anyOfKind } from './any-schema.ts';
import { BEGINNING } from './beginning.ts';
import { resourceOf, visible } from './world.ts';

describe.each(kinds.map((kind) => [kind.kind, kind] as const))('%s', (_, kind) => {
  it('of any shape that is valid is translated and lowered, and never throws', () => {
    let valid = 0;
    fc.assert(
      fc.property(fc.array(anyOfKind(kind), { minLength: 1, maxLength: 3 }), (documents) => {
        const store = new ResourceStore();
        for (const document of BEGINNING) store.upsert(resourceOf(document));
        for (const document of documents) {
          const admitted = admit(document);
          if (admitted.kind !== 'resource') continue;
          valid++;
          store.upsert(admitted.resource);
        }
        visible(createTranslator(DEFAULT_SETTINGS)(store));
      }),
      { seed: 20_260_101, numRuns: 150 },
    );
    expect(valid).toBeGreaterThan(20);
  });
});
