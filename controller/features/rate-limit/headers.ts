import { once } from '../../ir/once.ts';
import type { LimitIr, RateLimitIr } from '../../ir/rate-limit.ts';

/** Limits of which clients are told by none but those that say so themselves: the same object for the same limits. */
export const hiddenLimits = once((ir: RateLimitIr): RateLimitIr => ({
  ...ir,
  local: ir.local.map(hidden),
  global: ir.global.map(hidden),
}));

function hidden(limit: LimitIr): LimitIr {
  return limit.headers === undefined ? { ...limit, headers: false } : limit;
}
