import { join } from 'node:path';
import { ensureEnvoy, findEnvoy } from './envoy.ts';
import { isFresh } from './fresh-bundle.mjs';
import { type Log, type Note, withProgress } from './progress.ts';
import type { Tracked } from './stamp.ts';

/** The parts of the set-up, in the order in which they run. */
export const STEP_NAMES = ['types', 'kinds', 'filters', 'envoy', 'bundle'] as const;

export type StepName = (typeof STEP_NAMES)[number];

/** One part of the set-up. What a `build` step makes depends on its inputs only; a `find` step looks for itself. */
export type Step =
  | (Tracked & { readonly kind: 'build'; readonly title: string; readonly run: (note: Note) => void | Promise<void> })
  | { readonly kind: 'find'; readonly isThere: () => boolean; readonly run: (log: Log) => Promise<void> };

/** Gives the set-up of the checkout at `root`. */
export function stepsOf(root: string): Readonly<Record<StepName, Step>> {
  return {
    types: {
      kind: 'build',
      name: 'types',
      title: 'TypeScript types of the protobuf messages',
      inputs: [
        'proto/sluice',
        'proto/envoy',
        'proto/generate',
        'proto/generate.ts',
        'proto/source',
        'package-lock.json',
      ],
      outputs: ['proto/gen/index.d.ts'],
      ignore: /\.test\.ts$/,
      run: async () => {
        const { generateTypes, GENERATED_TYPES } = await import('#proto/generate.ts');
        generateTypes(GENERATED_TYPES);
      },
    },
    kinds: {
      kind: 'build',
      name: 'kinds',
      title: 'TypeScript types of the resource kinds',
      inputs: ['controller/api'],
      outputs: ['controller/api/gen/types.d.ts'],
      ignore: /\.test\.ts$|^controller\/api\/gen\//,
      run: async () => {
        const { generateTypes } = await import('#controller/api/generate-types.ts');
        generateTypes(join(root, 'controller/api/gen'));
      },
    },
    filters: {
      kind: 'build',
      name: 'filters',
      title: 'Wasm filters',
      inputs: ['wasm-filters', 'proto/sluice', 'proto/codegen', 'proto/source', 'package-lock.json'],
      outputs: ['build/filters'],
      ignore: /\.test\.ts$|\/testdata\/|^wasm-filters\/gen\//,
      run: async (note) => {
        const { buildFilters } = await import('#wasm-filters/build.ts');
        await buildFilters(join(root, 'build/filters'), { log: note });
      },
    },
    bundle: {
      kind: 'find',
      isThere: () => isFresh(root),
      run: async (log) => {
        const { buildBundle } = await import('./bundle.ts');
        await withProgress('Bundle of the controller, which starts faster', log, () => buildBundle(root));
      },
    },
    envoy: {
      kind: 'find',
      isThere: () => findEnvoy(process.env).kind === 'found',
      run: async (log) => {
        await ensureEnvoy(process.env, log);
      },
    },
  };
}
