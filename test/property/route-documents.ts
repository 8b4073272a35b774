import * as fc from 'fast-check';
import { backendRef } from './back-end-documents.ts';
import {
  type Document,
  GATEWAY_API,
  HEADERS,
  HOSTNAMES,
  identity,
  maybe,
  name,
  namespaced,
  present,
} from './choices.ts';
import { parentRefs } from './listener-documents.ts';

function headerFilter(): fc.Arbitrary<object> {
  const header = fc.record({ name: HEADERS, value: fc.constantFrom('1', 'two', '%three%') });
  const some = fc.uniqueArray(header, { minLength: 1, maxLength: 2, selector: (entry) => entry.name });
  return present(fc.record({ set: maybe(some), add: maybe(some), remove: maybe(fc.constant(['x-gone'])) }));
}

/** HTTPRoutes of every kind of rule. */
export function httpRoute(): fc.Arbitrary<Document> {
  const match = present(
    fc.record({
      path: maybe(
        fc.record({
          type: fc.constantFrom('Exact', 'PathPrefix', 'RegularExpression'),
          value: fc.constantFrom('/', '/a', '/a/b', '/a/', '/orders'),
        }),
        4,
      ),
      method: maybe(fc.constantFrom('GET', 'POST'), 1),
      headers: maybe(
        fc.tuple(HEADERS).map(([header]) => [{ name: header, value: 'v' }]),
        1,
      ),
      queryParams: maybe(fc.constant([{ name: 'q', value: 'v' }]), 1),
    }),
  );
  const modifiers = fc.oneof(
    headerFilter().map((requestHeaderModifier) => [{ type: 'RequestHeaderModifier', requestHeaderModifier }]),
    headerFilter().map((responseHeaderModifier) => [{ type: 'ResponseHeaderModifier', responseHeaderModifier }]),
    fc.constant([{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } } }]),
    fc.constant([]),
  );
  const forwarding = present(
    fc.record({
      name: maybe(fc.constantFrom('first', 'second')),
      matches: maybe(fc.array(match, { minLength: 1, maxLength: 2 }), 4),
      filters: modifiers,
      backendRefs: fc.array(backendRef(), { maxLength: 3 }),
    }),
  );
  const redirecting = present(
    fc.record({
      matches: maybe(fc.array(match, { minLength: 1, maxLength: 2 }), 4),
      filters: fc
        .constantFrom({ scheme: 'https' }, { hostname: 'other.test', statusCode: 301 }, { port: 81 })
        .map((requestRedirect) => [{ type: 'RequestRedirect', requestRedirect }]),
    }),
  );
  const unimplemented = fc.constant({ timeouts: { request: '1s' } });
  const spec = present(
    fc.record({
      parentRefs: parentRefs(),
      hostnames: maybe(fc.uniqueArray(HOSTNAMES, { maxLength: 2 })),
      rules: fc.uniqueArray(
        fc.oneof(
          { weight: 24, arbitrary: forwarding },
          { weight: 4, arbitrary: redirecting },
          { weight: 1, arbitrary: unimplemented },
        ),
        {
          minLength: 1,
          maxLength: 3,
          selector: (rule) => ('name' in rule ? rule.name : undefined),
          comparator: (a, b) => a !== undefined && a === b,
        },
      ),
    }),
  );
  return namespaced(GATEWAY_API, 'HTTPRoute', identity(name('r', 3)), fc.record({ spec }));
}
