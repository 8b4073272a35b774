import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '#controller/api/kinds.ts';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { createTranslator } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { anyOfKind } from './any-schema.ts';
import { BEGINNING } from './beginning.ts';
import type { Document } from './choices.ts';
import { anyDocument } from './documents.ts';
import { mutated } from './mutated.ts';
import { World } from './world.ts';

/** EnvoyPatchPolicies say what they like in Envoy's own words, which Envoy may refuse. */
const KINDS = kinds.filter(({ kind }) => kind !== 'EnvoyPatchPolicy');

const anyWorld: fc.Arbitrary<readonly Document[]> = fc
  .tuple(
    fc.array(anyDocument, { minLength: 10, maxLength: 60, size: 'max' }),
    fc.array(fc.constantFrom(...KINDS).chain(anyOfKind), { minLength: 10, maxLength: 30, size: 'max' }),
    fc.array(mutated(anyDocument), { minLength: 10, maxLength: 30, size: 'max' }),
  )
  .map((parts) => parts.flat().filter(isTaken));

function isTaken(document: Document): boolean {
  return document.kind !== 'EnvoyPatchPolicy' && admit(document).kind === 'resource';
}

/** Drawn Gateways have mostly nothing that can be served: worlds keep those they begin with. */
function isGateway({ kind }: Document): boolean {
  return kind === 'Gateway' || kind === 'GatewayClass';
}

describe('real Envoy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  it('takes whatever becomes of any valid manifests, one world after another', async () => {
    let resources = 0;
    await fc.assert(
      fc.asyncProperty(anyWorld, async (documents) => {
        const translate = createTranslator({ ...DEFAULT_SETTINGS, bindAddress: '127.0.0.1' });
        for (const { xds } of translate(
          new World([...BEGINNING, ...documents, ...BEGINNING.filter(isGateway)]).store,
        ).proxies.values()) {
          const snapshot = lower(xds, undefined);
          resources += Object.values(snapshot).reduce((sum, { size }) => sum + size, 0);
          expect(await envoy.publish(snapshot)).toEqual([]);
        }
      }),
      { seed: 20_260_101, numRuns: 100, endOnFailure: true },
    );
    expect(resources).toBeGreaterThan(1_000);
  });
});
