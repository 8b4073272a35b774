import { integer, named, required, withDefault } from '../schema.ts';

/** A share as numerator over denominator. */
export const fraction = named(
  'Fraction',
  { numerator: required(integer({ minimum: 0 })), denominator: withDefault(integer({ minimum: 1 }), 100) },
  {
    rules: [
      {
        rule: 'self.numerator <= self.denominator',
        message: 'must not exceed the denominator',
        fieldPath: ['numerator'],
      },
    ],
  },
);
