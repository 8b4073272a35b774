import type { ConfigMap, Secret } from '#controller/api/gen/types.d.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { ReferenceEnd } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { dataOf } from './data.ts';
import { referred, type TrustReason, type TrustReference } from './trust.ts';
import { type Window, windowProblem } from './window.ts';

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
    const place = `${at}[${index}]: ${ref.kind} ${object.value.metadata.namespace}/${ref.name}: ${KEY}`;
    const found = listsIn(object.value);
    if (found === undefined) return refusal('InvalidCACertificateRef', `${place} has no lists of revocations in PEM`);
    const [problem] = found.flatMap(({ window }) => windowProblem(window, resources.now()) ?? []);
    if (problem !== undefined) return refusal('InvalidCACertificateRef', `${place}: a list of revocations ${problem}`);
    lists.push(...found.map(({ block }) => block));
  }
  return success(lists.join('\n'));
}

/** When the lists of revocations in a Secret or ConfigMap are good; none where it has none. */
export function revocationWindows(object: ConfigMap | Secret): readonly Window[] {
  return listsIn(object)?.map(({ window }) => window) ?? [];
}

interface List {
  readonly block: string;
  readonly window: Window;
}

/** The lists of an object; `undefined` where it has none, or anything that is no list. */
function listsIn(object: ConfigMap | Secret): readonly List[] | undefined {
  const blocks = [...(dataOf(object, KEY) ?? '').matchAll(BLOCK)];
  const lists = blocks.flatMap(({ 0: block, groups }) => {
    const window = windowOfList(groups?.['body'] ?? '');
    return window === undefined ? [] : [{ block, window }];
  });
  return lists.length === 0 || lists.length < blocks.length ? undefined : lists;
}

const [INTEGER, BIT_STRING, UTC_TIME, TIME, SEQUENCE] = [0x02, 0x03, 0x17, 0x18, 0x30] as const;

/**
 * When a list of revocations in base64 is good (RFC 5280 section 5.1), `undefined` where it is none: of what is no such list
 * Envoy takes no configuration at all, and by one that is over it lets nobody in.
 */
function windowOfList(body: string): Window | undefined {
  const [whole, ...behind] = elementsIn(Buffer.from(body, 'base64')) ?? [];
  if (whole?.tag !== SEQUENCE || behind.length > 0) return undefined;
  const [list, algorithm, signature, ...more] = elementsIn(whole.content) ?? [];
  if (list?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return undefined;
  const parts = elementsIn(list.content) ?? [];
  const [sameAlgorithm, issuer, issued, next] = parts.slice(parts[0]?.tag === INTEGER ? 1 : 0);
  if (more.length > 0 || sameAlgorithm?.tag !== SEQUENCE || issuer?.tag !== SEQUENCE) return undefined;
  const from = timeIn(issued);
  const until = timeIn(next);
  if (from === undefined) return undefined;
  return until === undefined ? { from } : { from, until };
}

/** A time of DER (RFC 5280 section 5.1.2.4): of two digits of a year those from 50 on are of the last century. */
function timeIn(element: Element | undefined): number | undefined {
  if (element?.tag !== UTC_TIME && element?.tag !== TIME) return undefined;
  const text = element.content.toString('latin1');
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/u.exec(element.tag === TIME ? text : century + text);
  if (digits === null) return undefined;
  const [, year, month, day, hour, minute, second] = digits;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
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
