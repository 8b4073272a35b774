import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { isProcessor, type Processor } from '../processor/define-processor.ts';

/** The processor of a module, or why it has none. */
export type LoadedModule =
  | { readonly kind: 'loaded'; readonly processor: Processor }
  | { readonly kind: 'failed'; readonly reason: string };

/** Loads a module of a user's: its export `processor` or, failing that, its default export. */
export async function loadModule(path: string): Promise<LoadedModule> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return { kind: 'failed', reason: `there is no file ${path}` };
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    return { kind: 'failed', reason: `${path} does not load: ${wordsOf(error)}` };
  }
  const processor = exported(module, 'processor') ?? exported(module, 'default');
  if (isProcessor(processor)) return { kind: 'loaded', processor };
  const what =
    processor === undefined ? 'exports neither processor nor default' : 'exports what defineProcessor has not made';
  return { kind: 'failed', reason: `${path} ${what}; accepted is export const processor = defineProcessor({...})` };
}

/** The first place of a stack that is in a file, of this module or one that it imports: "/a.ts:1" or "/a.ts:1:7". */
const PLACE = /(?:^|\(|at )(?:file:\/\/)?(\/\S+?:\d+(?::\d+)?)\)?$/mu;

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = PLACE.exec(error.stack ?? '')?.[1];
  return place === undefined ? error.message : `${error.message} (${place})`;
}

function exported(module: unknown, name: string): unknown {
  if (typeof module !== 'object' || module === null) return undefined;
  const value: unknown = Reflect.get(module, name);
  return value;
}
