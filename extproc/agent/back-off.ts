/** How long to wait between attempts, in milliseconds. */
export interface BackOff {
  readonly first: number;
  readonly most: number;
}

/** The pauses of the agent. */
export const AGENT_BACK_OFF: BackOff = { first: 50, most: 2000 };

/**
 * Gives the pause after the `failures`th failure in a row (1 is the first), in milliseconds: it doubles up to the most,
 * and half of it is left to chance, so that many agents do not return at the same time. `random` is in [0, 1).
 */
export function pauseAfter(failures: number, { first, most }: BackOff, random: number): number {
  const full = Math.min(most, first * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}
