const MILLISECONDS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/**
 * Milliseconds of a duration as Gateway API writes it ("1h30m", "500ms"; GEP-2257). What the schema let through is always
 * one; anything else is a bug and throws.
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/gu)];
  if (parts.map(([part]) => part).join('') !== text || parts.length === 0) throw new Error(`not a duration: ${text}`);
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * MILLISECONDS[unitOf(unit)], 0));
}

/** The same for a duration that may be missing. */
export function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function unitOf(unit: string | undefined): keyof typeof MILLISECONDS {
  if (unit === 'h' || unit === 'm' || unit === 's' || unit === 'ms') return unit;
  throw new Error(`not a unit of time: ${unit}`);
}
