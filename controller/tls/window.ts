/** When something may be used. Milliseconds since the Unix epoch, both ends included. */
export interface Window {
  readonly from: number;
  /** Absent where it has no end. */
  readonly until?: number;
}

/** Why it cannot be used at a time, as words behind what it is; `undefined` where it can. */
export function windowProblem({ from, until }: Window, now: number): string | undefined {
  if (until !== undefined && now > until) return `is over since ${new Date(until).toISOString()}`;
  return now < from ? `is not valid before ${new Date(from).toISOString()}` : undefined;
}

/** The first moment after `now` from which one of these is judged otherwise; `undefined` where there is none. */
export function nextMoment(windows: readonly Window[], now: number): number | undefined {
  const moments = windows.flatMap(({ from, until }) => (until === undefined ? [from] : [from, until + 1]));
  const later = moments.filter((moment) => moment > now);
  return later.length === 0 ? undefined : Math.min(...later);
}
