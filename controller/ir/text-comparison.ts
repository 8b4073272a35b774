/** A comparison of a text. */
export interface TextComparisonIr {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'regex';
  readonly value: string;
}
