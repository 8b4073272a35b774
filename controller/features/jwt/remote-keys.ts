import type { RemoteJWKS } from '#controller/api/gen/types.d.ts';
import type { JwtKeyIr } from '../../ir/jwt.ts';
import { milliseconds, parseDuration } from '../../resources/duration.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { type DocumentAnswer, type KeySetWant, wantId } from '../../resources/wants.ts';
import { fetchedFrom, resolveVia, type ViaContext } from '../fetch-via.ts';
import { parseJwks } from './jwks.ts';

/** Keys that were fetched, and what the set is called. */
export interface RemoteKeys {
  readonly keys: readonly JwtKeyIr[];
  readonly keySet: string;
}

type Keys = Outcome<readonly JwtKeyIr[], 'Invalid'>;

/** The pause before a failed fetch is made good, unless the policy says (Envoy, `RemoteJwks.failed_refetch_duration`). */
const RETRY = 1_000;

/** The keys of a set that is fetched; asks for it. */
export function remoteKeys(
  spec: RemoteJWKS,
  at: string,
  context: ViaContext,
): Outcome<RemoteKeys, 'Invalid' | 'Pending'> {
  const url = URL.parse(spec.uri);
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username !== '' || url.password !== '') {
    return refusal('Invalid', `${at}.uri: accepted is an http or https URL without user name and password`);
  }
  const { resources } = context;
  const refs = fetchedFrom(spec);
  const via = refs === undefined ? undefined : resolveVia(refs, [spec.uri], `${at}.backendRefs`, context);
  if (via?.ok === false) return via;
  const timeout = milliseconds(spec.backendSettings?.timeout?.http?.requestTimeout);
  const want: KeySetWant = {
    kind: 'KeySet',
    url: spec.uri,
    ...(via === undefined ? {} : { via: via.value }),
    // Of `retry` in the same place nothing is left to say: what fails is tried again for ever.
    ...(timeout === undefined ? {} : { timeout }),
    refresh: parseDuration(spec.cacheDuration),
    retry: spec.failedRefetchDuration === undefined ? RETRY : parseDuration(spec.failedRefetchDuration),
  };
  const answer = resources.document(want);
  if (answer !== undefined) {
    const keys = keysOf(answer, at);
    return keys.ok ? success({ keys: keys.value, keySet: wantId(want) }) : keys;
  }
  const failure = resources.failure(want);
  return refusal('Pending', `${at}: ${failure ?? `${url.origin}${url.pathname} has not been fetched yet`}`);
}

const keysByAnswer = new WeakMap<DocumentAnswer, Keys>();

function keysOf(answer: DocumentAnswer, at: string): Keys {
  switch (answer.kind) {
    case 'document': {
      const keys = keysByAnswer.get(answer) ?? parseJwks(answer.text);
      keysByAnswer.set(answer, keys);
      return keys.ok ? keys : refusal('Invalid', `${at} ${keys.refusal.message}`);
    }
    // Nothing that is signed is good without keys: what is assumed opens nothing.
    case 'assumed':
      return success([]);
    default:
      return answer satisfies never;
  }
}
