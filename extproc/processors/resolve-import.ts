import { registerHooks } from 'node:module';

/** What users' modules import. */
const SPECIFIER = 'sluice/extproc';

/** Lets modules import `sluice/extproc` wherever they lie: it is this copy, installed beside them or not. */
export function resolveOwnImport(): void {
  const url = import.meta.resolve(SPECIFIER);
  const format = url.endsWith('.ts') ? 'module-typescript' : 'module';
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === SPECIFIER ? { url, format, shortCircuit: true } : next(specifier, context),
  });
}
