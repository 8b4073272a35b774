import * as fc from 'fast-check';

/** A manifest before it is validated. */
export type Document = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
} & { readonly [field: string]: unknown };

/** apiVersion of Gateway API's kinds. */
export const GATEWAY_API = 'gateway.networking.k8s.io/v1';
/** apiVersion of Envoy Gateway's kinds. */
export const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';
/** The namespaces of the small world. */
export const NAMESPACES = fc.constantFrom('a', 'a', 'a', 'b');
/** Host names, some within others. */
export const HOSTNAMES = fc.constantFrom(
  'example.com',
  'www.example.com',
  '*.example.com',
  'api.example.com',
  'other.test',
);
/** Names of headers. */
export const HEADERS = fc.constantFrom('x-one', 'X-Two', 'x-three');

/** A choice among few names. */
export function name(prefix: string, count: number): fc.Arbitrary<string> {
  return fc.integer({ min: 1, max: count }).map((index) => `${prefix}${index}`);
}

/** An object without the fields that came out undefined. */
export function present<T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Partial<T>> {
  return arbitrary.map(compact);
}

/** The same object without the fields that are undefined. */
export function compact<T extends object>(value: T): Partial<T> {
  const result: Partial<T> = { ...value };
  for (const key of Object.keys(result)) {
    if (Reflect.get(result, key) === undefined) Reflect.deleteProperty(result, key);
  }
  return result;
}

/** A value, or `undefined` once in `freq + 1` times. */
export function maybe<T>(arbitrary: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq });
}

/** An object in a namespace, with or without labels and a time of creation. */
export function namespaced(
  apiVersion: string,
  kind: string,
  metadata: fc.Arbitrary<{ readonly name: string; readonly namespace: string }>,
  rest: fc.Arbitrary<object>,
): fc.Arbitrary<Document> {
  return fc.tuple(metadata, maybe(LABELS), maybe(TIMES), rest).map(([named, labels, creationTimestamp, fields]) => ({
    apiVersion,
    kind,
    metadata: { ...named, ...compact({ labels, creationTimestamp }) },
    ...fields,
  }));
}

/** Labels that selectors ask for. */
export const LABELS = fc.record({ team: fc.constantFrom('red', 'blue') });
/** Times of creation. */
export const TIMES = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');

/** Name and namespace of an object. */
export function identity(
  names: fc.Arbitrary<string>,
): fc.Arbitrary<{ readonly name: string; readonly namespace: string }> {
  return fc.record({ name: names, namespace: NAMESPACES });
}
