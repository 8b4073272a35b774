import type { Span } from '../bench/load.ts';
import type { SoakResult } from './soak.ts';
import { growths } from './usage.ts';

/** At the end there may be so much more memory than at the beginning: of it, and MiB. */
export const MEMORY_LIMIT = { share: 0.25, mib: 16 } as const;
/** ... and so many more open files. */
export const FILES_LIMIT = 16;
/** An answer may be on its way for so long after the outage that excuses it: milliseconds. */
const AFTER = 2_000;
/** What was logged so long before an answer may be why it was so: milliseconds. */
const BEFORE = 2_000;

/** What is wrong with a soak, a line each; empty is what is wished. */
export function problemsOf(result: SoakResult): readonly string[] {
  return [...lost(result), ...passed(result), ...notExcused(result), ...failed(result), ...grown(result)];
}

function lost({ traffic }: SoakResult): readonly string[] {
  return traffic.flatMap(({ clients: { name }, report: { lost: count, losses } }) => {
    const first = losses.map(({ host, what, at }) => `${new Date(at).toISOString()} ${host}: ${what}`).join('; ');
    return count === 0 ? [] : [`${name}: ${count} requests lost or answered wrongly: ${first}`];
  });
}

/** Who has no right to it was let through. */
function passed({ traffic }: SoakResult): readonly string[] {
  return traffic.flatMap(({ clients: { name, isRefused }, report: { statuses } }) =>
    isRefused && statuses[200] !== undefined ? [`${name}: LET THROUGH ${statuses[200]} times`] : [],
  );
}

function notExcused({ traffic, outages, errors }: SoakResult): readonly string[] {
  return traffic.flatMap(({ clients: { name, needs }, report: { excused } }) => {
    const reasons = outages.filter((outage) => needs.includes(outage.of));
    const without = excused.filter((span) => !reasons.some((reason) => covers(reason, span)));
    const told = without.map(({ from, to, took }) => {
      const when = `${new Date(from).toISOString()} for ${Math.round(to - from)} ms`;
      const what = `${when}, after ${Math.round(took)} ms`;
      const logged = errors.filter(({ at }) => at >= from - BEFORE && at <= to + AFTER).map(({ text }) => text);
      return logged.length === 0 ? what : `${what} (${[...new Set(logged)].join(', ')})`;
    });
    return without.length === 0 ? [] : [`${name}: not served without a reason: ${told.join('; ')}`];
  });
}

function covers(outer: Span, inner: Span): boolean {
  return inner.from >= outer.from && inner.to <= outer.to + AFTER;
}

function failed({ changes }: SoakResult): readonly string[] {
  return changes.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name}: ${failure}`]));
}

/** Memory is what is left without garbage, where that is known. */
function grown(result: SoakResult): readonly string[] {
  return growths(result).flatMap(({ name, mib, collected: [first, last], files, processes }) => {
    const [before, after] = first === undefined || last === undefined ? mib : [first, last];
    return [
      ...(after > before * (1 + MEMORY_LIMIT.share) + MEMORY_LIMIT.mib ? [`${name}: memory grew`] : []),
      ...(files[1] > files[0] + FILES_LIMIT ? [`${name}: open files grew`] : []),
      ...(processes > 1 ? [`${name}: it was started ${processes - 1} times, though nobody ended it`] : []),
    ];
  });
}
