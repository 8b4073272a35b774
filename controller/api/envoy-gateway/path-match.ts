import { boolean, named, oneOf, string, withDefault } from '../schema.ts';

/** A comparison of a request's path. */
export const pathMatch = named('PathMatch', {
  type: withDefault(oneOf(['Exact', 'PathPrefix', 'RegularExpression']), 'PathPrefix'),
  value: withDefault(string({ maxLength: 1024 }), '/'),
  invert: withDefault(boolean(), false),
});
