import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { ReferenceEnd } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { dataOf } from './data.ts';
import { referred, type TrustReason, type TrustReference } from './trust.ts';

/** The key of lists of revocations (Envoy Gateway API, `CrlContext.refs`). */
const KEY = 'ca.crl';

const BLOCK = /-----BEGIN X509 CRL-----(?<body>[A-Za-z0-9+/=\s]*)-----END X509 CRL-----/gu;

/** Resolves references to lists of revoked certificates, each to a ConfigMap or Secret with PEM under `ca.crl`; to all in one. */
export function resolveRevocations(
  refs: readonly TrustReference[],
  from: ReferenceEnd,
  at: string,
  resources: Resources,
): Outcome<string, TrustReason> {
  const lists: string[] = [];
  for (const [index, ref] of refs.entries()) {
    const object = referred(ref, from, `${at}[${index}]`, resources);
    if (!object.ok) return object;
    const blocks = [...(dataOf(object.value, KEY) ?? '').matchAll(BLOCK)];
    if (blocks.length === 0 || !blocks.every(({ groups }) => isList(groups?.['body'] ?? ''))) {
      const place = `${ref.kind} ${object.value.metadata.namespace}/${ref.name}`;
      return refusal('InvalidCACertificateRef', `${at}[${index}]: ${place}: ${KEY} has no lists of revocations in PEM`);
    }
    lists.push(...blocks.map(([block]) => block));
  }
  return success(lists.join('\n'));
}

const [INTEGER, BIT_STRING, UTC_TIME, TIME, SEQUENCE] = [0x02, 0x03, 0x17, 0x18, 0x30] as const;

/** Whether base64 is a list of revocations (RFC 5280 section 5.1): of what is no such list Envoy takes no configuration at all. */
function isList(body: string): boolean {
  const [whole, ...behind] = elementsIn(Buffer.from(body, 'base64')) ?? [];
  if (whole?.tag !== SEQUENCE || behind.length > 0) return false;
  const [list, algorithm, signature, ...more] = elementsIn(whole.content) ?? [];
  if (list?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return false;
  const parts = elementsIn(list.content) ?? [];
  const [sameAlgorithm, issuer, issued] = parts.slice(parts[0]?.tag === INTEGER ? 1 : 0);
  const isDated = issued?.tag === UTC_TIME || issued?.tag === TIME;
  return more.length === 0 && sameAlgorithm?.tag === SEQUENCE && issuer?.tag === SEQUENCE && isDated;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements of DER that follow one another (ITU-T X.690); `undefined` where something else is among them. */
function elementsIn(bytes: Buffer): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, first = 0] = bytes.subarray(at);
    const size = first < 0x80 ? 0 : first & 0x7f;
    if (size > 4 || at + 2 + size > bytes.length || first === 0x80) return undefined;
    const begin = at + 2 + size;
    const end = begin + (size === 0 ? first : bytes.readUIntBE(at + 2, size));
    if (end > bytes.length) return undefined;
    elements.push({ tag, content: bytes.subarray(begin, end) });
    at = end;
  }
  return elements;
}
