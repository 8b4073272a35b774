const FACTORS: { readonly [suffix: string]: number } = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The number that a whole Kubernetes quantity is ("16Ki", "1M"). Text that the schema let through is always one; any other is
 * a bug and throws. A number is itself, also a negative one: an API server holds only text against the pattern.
 */
export function parseQuantity(quantity: string | number): number {
  if (typeof quantity === 'number') return quantity;
  const [, digits, suffix] = /^(\d+)([A-Za-z]*)$/u.exec(quantity) ?? [];
  const factor = suffix === undefined ? undefined : FACTORS[suffix];
  if (digits === undefined || factor === undefined) throw new Error(`not a quantity: ${quantity}`);
  return Number(digits) * factor;
}
