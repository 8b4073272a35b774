import { type DocumentAnswer, type DocumentWant, wantKey } from '../resources/wants.ts';
import type { DocumentCheck } from './fetch-document.ts';
import { keptTexts } from './kept-texts.ts';
import type { AnswerCache } from './want-loop.ts';

/**
 * Keeps documents in a folder, so that a controller that starts again goes on with what its proxies have. What is kept is
 * judged again when it is read. What cannot be written is told to `failed`, and nothing else.
 */
export function answerFolder(
  folder: string,
  check: DocumentCheck,
  failed: (error: unknown) => void,
): AnswerCache<DocumentWant, DocumentAnswer> {
  const texts = keptTexts(folder, failed);
  return {
    read: (want) => {
      const text = texts.read(wantKey(want));
      return text !== undefined && check(want, text).ok ? { kind: 'document', text } : undefined;
    },
    write: (want, answer) => {
      if (answer.kind === 'document') texts.write(wantKey(want), answer.text);
    },
    forget: (want) => texts.remove(wantKey(want)),
  };
}
