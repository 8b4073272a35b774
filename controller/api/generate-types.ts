import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envoyGatewayConfig } from './envoy-gateway/envoy-gateway-config.ts';
import { kinds } from './kinds.ts';
import { renderTypes } from './render-types.ts';

/**
 * Writes `types.d.ts` for every kind into a folder; a file that already says the same is left alone, so that nothing downstream is rebuilt.
 *
 * The only effect in this folder: a set-up step, also `node controller/api/generate-types.ts`.
 */
export function generateTypes(outDir: string): void {
  mkdirSync(outDir, { recursive: true });
  const path = join(outDir, 'types.d.ts');
  const text = renderTypes(kinds, [envoyGatewayConfig]);
  if (readIfThere(path) === text) return;
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  generateTypes(fileURLToPath(new URL('gen', import.meta.url)));
}
