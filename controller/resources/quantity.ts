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
 * The number that a whole Kubernetes quantity is ("16Ki", "1M"). What the schema let through is always one; anything else is
 * a bug and throws.
 */
export function parseQuantity(quantity: string | number): number {
  const text = String(quantity);
  const [, digits, suffix] = /^(\d+)([A-Za-z]*)$/u.exec(text) ?? [];
  const factor = suffix === undefined ? undefined : FACTORS[suffix];
  if (digits === undefined || factor === undefined) throw new Error(`not a quantity: ${text}`);
  return Number(digits) * factor;
}
