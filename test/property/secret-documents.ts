import * as fc from 'fast-check';
import { selfSigned } from '../seeds/self-signed.ts';
import { type Document, identity, name, namespaced } from './choices.ts';

/** A certificate with its key. */
export const FIRST_PAIR = selfSigned('first.test');
/** Another one. */
export const SECOND_PAIR = selfSigned('second.test');

/** Secrets: two pairs, and one whose key is not that of its certificate. */
export function secret(): fc.Arbitrary<Document> {
  const pair = fc.constantFrom(FIRST_PAIR, SECOND_PAIR, {
    'tls.crt': FIRST_PAIR['tls.crt'],
    'tls.key': SECOND_PAIR['tls.key'],
  });
  return namespaced(
    'v1',
    'Secret',
    identity(name('secret', 2)),
    pair.map((stringData) => ({ type: 'kubernetes.io/tls', stringData })),
  );
}
