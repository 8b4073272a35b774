import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { DocumentAnswer, DocumentWant } from '../resources/wants.ts';
import type { GuardedFetch } from '#extproc/outbound/guarded-fetch.ts';
import { shownUrl } from '#extproc/outbound/shown-url.ts';

/** The largest document that is taken, in bytes: a key set is part of the policy of each of its routes. */
const LIMIT = 262_144;

/** Tells whether a text is the document that is wanted, and what is wrong with it if not. */
export type DocumentCheck = (want: DocumentWant, text: string) => Outcome<unknown>;

/** Fetches a document and looks whether it is what is wanted: anything else is as good as no answer. */
export async function fetchDocument(
  want: DocumentWant,
  fetch: GuardedFetch,
  check: DocumentCheck,
  signal: AbortSignal,
): Promise<Outcome<DocumentAnswer>> {
  const found = await fetch({
    purpose: want.kind === 'KeySet' ? 'jwks' : 'discovery',
    url: want.url,
    headers: { accept: 'application/json', 'accept-encoding': 'gzip' },
    limit: LIMIT,
    via: want.via,
    ...(want.timeout === undefined ? {} : { timeout: want.timeout }),
    signal,
  });
  if (!found.ok) return found;
  const at = shownUrl(want.url);
  const { status, body } = found.value;
  if (status !== 200) return refusal('BadStatus', `${at}: found status ${status}, accepted is 200`);
  const text = decode(body);
  if (text === undefined) return refusal('BadDocument', `${at}: is not UTF-8`);
  const checked = check(want, text);
  if (!checked.ok) return refusal('BadDocument', `${at}: ${checked.refusal.message}`);
  return success({ kind: 'document', text });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
