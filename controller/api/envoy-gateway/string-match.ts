import { named, oneOf, required, string, withDefault } from '../schema.ts';

/** How a text is compared. */
export const stringMatchFields = {
  type: withDefault(oneOf(['Exact', 'Prefix', 'Suffix', 'RegularExpression']), 'Exact'),
  value: required(string({ minLength: 1, maxLength: 1024 })),
};

/** A comparison of a text. */
export const stringMatch = named('StringMatch', stringMatchFields);
