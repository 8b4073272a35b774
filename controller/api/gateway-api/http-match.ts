import { headerValue, httpToken } from '../kubernetes/names.ts';
import { array, named, oneOf, required, string, withDefault } from '../schema.ts';

/** The methods a route may match. */
export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

const literalPath = "self.type in ['Exact', 'PathPrefix']";

function pathRule(rule: string, message: string) {
  return { rule: `!(${literalPath}) || ${rule}`, message, fieldPath: ['value'] };
}

/** A match of a request's path; Exact and PathPrefix take a normalised absolute path. */
export const httpPathMatch = named(
  'HTTPPathMatch',
  {
    type: withDefault(oneOf(['Exact', 'PathPrefix', 'RegularExpression']), 'PathPrefix'),
    value: withDefault(string({ maxLength: 1024 }), '/'),
  },
  {
    rules: [
      pathRule("self.value.startsWith('/')", "must start with '/' when type is Exact or PathPrefix"),
      pathRule("!self.value.contains('//')", "must not contain '//'"),
      pathRule("!self.value.contains('/./') && !self.value.endsWith('/.')", "must not contain a '.' segment"),
      pathRule("!self.value.contains('/../') && !self.value.endsWith('/..')", "must not contain a '..' segment"),
      pathRule("!self.value.contains('%2f') && !self.value.contains('%2F')", "must not contain an escaped '/' (%2F)"),
      pathRule("!self.value.contains('#')", "must not contain '#'"),
      pathRule(
        'self.value.matches("^([-A-Za-z0-9/._~!$&\'()*+,;=:@]|[%][0-9a-fA-F]{2})+$")',
        'must consist of characters that a URL path may have, others percent-encoded',
      ),
    ],
  },
);

/** A match of one header; only the first of several with one name counts, so one name occurs once. */
export const httpHeaderMatch = named('HTTPHeaderMatch', {
  type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
  name: required(string(httpToken)),
  value: required(string(headerValue)),
});

const queryParamMatch = named('HTTPQueryParamMatch', {
  type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
  name: required(string(httpToken)),
  value: required(string({ minLength: 1, maxLength: 1024 })),
});

/** A match: all its conditions hold. */
export const httpRouteMatch = named('HTTPRouteMatch', {
  path: withDefault(httpPathMatch, { type: 'PathPrefix', value: '/' }),
  headers: array(httpHeaderMatch, { maxItems: 16, mapKeys: ['name'] }),
  queryParams: array(queryParamMatch, { maxItems: 16, mapKeys: ['name'] }),
  method: oneOf(httpMethods),
});
