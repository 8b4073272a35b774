import { registerHooks } from 'node:module';

/** What users' modules import. */
const SPECIFIER = 'sluice/extproc';

/** Lets modules import `sluice/extproc` wherever they lie: it is this copy, installed beside them or not. */
export function resolveOwnImport(): void {
  const url = new URL('../index.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === SPECIFIER ? { url, format: 'module-typescript', shortCircuit: true } : next(specifier, context),
  });
}
