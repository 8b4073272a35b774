import { readdirSync } from 'node:fs';
import { residentKib } from '../bench/process-usage.ts';
import { median } from '../bench/statistics.ts';
import type { SoakResult } from './soak.ts';

/** What processes have at a moment (milliseconds since 1970). */
export interface Sample {
  readonly at: number;
  readonly processes: readonly Usage[];
}

/** What a process has: resident memory and open files (sockets, too). */
export interface Usage {
  readonly name: string;
  readonly pid: number;
  readonly mib: number;
  readonly files: number;
}

/** What the processes have now; one that is gone is left out. */
export function sampleOf(processes: { readonly [name: string]: number }): Sample {
  const found = Object.entries(processes).flatMap(([name, pid]): Usage[] => {
    try {
      const mib = Math.round(residentKib(pid) / 1_024);
      return [{ name, pid, mib, files: readdirSync(`/proc/${pid}/fd`).length }];
    } catch {
      return [];
    }
  });
  return { at: Date.now(), processes: found };
}

/** How what a process has grew over some time. */
export interface Growth {
  readonly name: string;
  /** Medians of the first quarter of the samples and of the last one. */
  readonly mib: readonly [number, number];
  /** Memory without garbage, at the beginning of the time and at its end, where that is known. */
  readonly collected: readonly [number | undefined, number | undefined];
  readonly files: readonly [number, number];
  /** How many processes it was. */
  readonly processes: number;
}

/**
 * How each process grew in a span of time, of those that there were in it. Samples of when the API server was away do not count:
 * who has lost all connections to it has few files open.
 */
export function growths({
  samples,
  quiet: { from, to },
  outages,
  collected: [before, after],
}: Pick<SoakResult, 'samples' | 'quiet' | 'outages' | 'collected'>): readonly Growth[] {
  const away = outages.filter((outage) => outage.of === 'API server');
  const counted = samples.filter(
    ({ at }) => at >= from && at < to && !away.some((outage) => at >= outage.from && at <= outage.to),
  );
  const quarter = Math.ceil(counted.length / 4);
  const usages = (some: readonly Sample[], name: string): readonly Usage[] =>
    some.flatMap(({ processes }) => processes.filter((one) => one.name === name));
  const names = new Set(counted.flatMap(({ processes }) => processes.map(({ name }) => name)));
  return [...names].map((name) => {
    const first = usages(counted.slice(0, quarter), name);
    const last = usages(counted.slice(-quarter), name);
    return {
      name,
      mib: [median(first.map(({ mib }) => mib)), median(last.map(({ mib }) => mib))],
      collected: [before.get(name), after.get(name)],
      files: [median(first.map(({ files }) => files)), median(last.map(({ files }) => files))],
      processes: new Set(usages(counted, name).map(({ pid }) => pid)).size,
    };
  });
}
