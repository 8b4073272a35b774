import { keptTexts } from '../fetch/kept-texts.ts';
import type { AnswerCache } from '../fetch/want-loop.ts';
import { isObject, parseObject } from '../oci/manifest.ts';
import { DIGEST } from '../oci/reference.ts';
import { type ModuleAnswer, type ModuleWant, wantKey } from '../resources/wants.ts';
import type { ModuleLibrary } from './module-library.ts';

/**
 * Keeps which module each want was answered with, so that a controller that starts again goes on with what its proxies have.
 * The record of a private image is found only with the credentials that it was fetched with. What cannot be written is told
 * to `failed`, and nothing else.
 */
export function moduleAnswers(
  folder: string,
  library: ModuleLibrary,
  failed: (error: unknown) => void,
): AnswerCache<ModuleWant, ModuleAnswer> {
  const memory = new Map<string, ModuleAnswer & { readonly kind: 'module' }>();
  const texts = keptTexts(folder, failed);
  return {
    read: (want) => {
      const answer = memory.get(wantKey(want)) ?? readRecord(texts.read(wantKey(want)));
      return answer !== undefined && library.has(answer.digest) ? answer : undefined;
    },
    write: (want, answer) => {
      if (answer.kind !== 'module') return;
      memory.set(wantKey(want), answer);
      const { digest, revision } = answer;
      texts.write(wantKey(want), JSON.stringify({ digest, revision }));
    },
    // Whoever wants it again in the next days finds it as it was, though the registry be down; then it goes by itself.
    forget: (want) => void memory.delete(wantKey(want)),
  };
}

function readRecord(text: string | undefined): (ModuleAnswer & { readonly kind: 'module' }) | undefined {
  const record = text === undefined ? undefined : parseObject(Buffer.from(text));
  if (!isObject(record)) return undefined;
  const { digest, revision } = record;
  if (typeof digest !== 'string' || !DIGEST.test(digest)) return undefined;
  return { kind: 'module', digest, revision: typeof revision === 'string' ? revision : undefined };
}
