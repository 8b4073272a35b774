/** What is soaked: a site under steady load, and what is done to it meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadPlan, LoadReport, Span } from '../bench/load.ts';
import { startLoad } from '../bench/load.ts';
import { type Collected, collected } from './collected.ts';
import { type Sample, sampleOf } from './usage.ts';

/** What a change takes away for a while: the answers of routes that need it are excused then. None needs the API server. */
export type Missing = 'sidecar' | 'redis' | 'route' | 'API server';

/** Some clients that ask for the same. */
export interface Clients {
  readonly name: string;
  readonly plan: LoadPlan;
  /** While one of these is missing its excused status may come. */
  readonly needs: readonly Missing[];
  /** They have no right to an answer of 200. */
  readonly isRefused: boolean;
}

/** Something that is done again and again. */
export interface Change {
  readonly name: string;
  /** Whether it ends a process whose memory is followed: those are left alone while it is. */
  readonly ends: boolean;
  /** Takes away what clients may need, until it is done. */
  readonly takes?: Missing;
  /** Does it for the n-th time, and waits until it shows. */
  make(round: number): Promise<void>;
  /** Waits until what is around Sluice takes the next change, where that takes longer than until this one shows. */
  settle?(round: number): Promise<void>;
}

/** What is soaked. */
export interface SoakSite {
  readonly clients: readonly Clients[];
  readonly changes: readonly Change[];
  /** Ids of the processes that are followed, by what they are. */
  processes(): { readonly [name: string]: number };
  /** The errors that its processes have logged so far, as far as they can be had. */
  errors(): Promise<readonly Told[]>;
  /** Ends all of it. */
  stop(): Promise<void>;
}

/** A change that was made, from when to when; with what went wrong where something did. */
export interface Made extends Span {
  readonly name: string;
  readonly failure?: string;
}

/** What was logged at a moment (milliseconds since 1970), and by whom. */
export interface Told {
  readonly at: number;
  readonly text: string;
}

/** What became of a soak. */
export interface SoakResult {
  /** All of it, and the part in which no process was ended or warmed up. */
  readonly whole: Span;
  readonly quiet: Span;
  readonly traffic: readonly { readonly clients: Clients; readonly report: LoadReport }[];
  readonly changes: readonly Made[];
  readonly outages: readonly (Span & { readonly of: Missing })[];
  readonly samples: readonly Sample[];
  /** What processes had without garbage at the beginning of the quiet part, and at its end. */
  readonly collected: readonly [Collected, Collected];
  readonly errors: readonly Told[];
}

/** Of the time, so much at the beginning and at the end has changes that end processes; of a short time, so many milliseconds. */
const ROUGH = 0.1;
const LEAST_ROUGH = { ms: 45_000, share: 0.25 } as const;
/** So long a process that was started takes to have what it works with. Milliseconds; a fifth of the time at most. */
const WARMS_UP = 120_000;
/** Between two changes. Milliseconds, in turn: some come before what was replaced is taken away, some after it. */
const PAUSES = [200, 1_500, 700] as const;
const SAMPLE_EVERY = 2_000;
const TELL_EVERY = 30_000;

/** Soaks a site for some milliseconds, or until it is told to end. */
export async function soak(
  site: SoakSite,
  duration: number,
  say: (line: string) => void,
  end: AbortSignal,
): Promise<SoakResult> {
  const from = Date.now();
  const to = from + duration;
  const rough = Math.max(duration * ROUGH, Math.min(LEAST_ROUGH.ms, duration * LEAST_ROUGH.share));
  /** The last change that ends a process may take longer. */
  let quietFrom: number | undefined;
  const loads = site.clients.map((clients) => ({ clients, load: startLoad(clients.plan) }));
  const samples: Sample[] = [];
  const sampling = setInterval(() => samples.push(sampleOf(site.processes())), SAMPLE_EVERY);
  const telling = setInterval(() => {
    const [asked, lost] = (['asked', 'lost'] as const).map((what) =>
      loads.reduce((sum, { load }) => sum + load.soFar()[what], 0),
    );
    const usage = (samples.at(-1)?.processes ?? []).map(({ name, mib, files }) => `${name} ${mib} MiB, ${files} files`);
    const minute = ((Date.now() - from) / 60_000).toFixed(1);
    say(`minute ${minute}: ${asked ?? 0} requests, ${lost ?? 0} lost; ${usage.join('; ')}`);
  }, TELL_EVERY);
  const changes: Made[] = [];
  const outages: (Span & { readonly of: Missing })[] = [];
  const rounds = new Map<string, number>();
  const warm = Math.min(WARMS_UP, duration / 5);
  let first: Collected | undefined;
  let last: Collected | undefined;
  /** On a busy machine a sidecar is held up by it for longer than requests wait. */
  const collect = async (): Promise<Collected> => {
    const begin = Date.now();
    const found = await collected(site.processes());
    outages.push({ of: 'sidecar', from: begin, to: Date.now() });
    return found;
  };
  try {
    for (let turn = 0; Date.now() < to && !end.aborted; turn += 1) {
      const now = Date.now();
      const isQuiet = now >= from + rough && now < to - rough;
      if (isQuiet) quietFrom ??= now;
      if (isQuiet && now >= (quietFrom ?? now) + warm) first ??= await collect();
      if (now >= to - rough) last ??= await collect();
      const change = longestAgo(
        site.changes.filter(({ ends }) => !(ends && isQuiet)),
        changes,
      );
      if (change === undefined) break;
      const round = (rounds.get(change.name) ?? 0) + 1;
      rounds.set(change.name, round);
      const made = await attempt(change, round);
      changes.push(made);
      if (made.failure !== undefined) say(`${change.name} (${round}): FAILED: ${made.failure}`);
      if (change.takes !== undefined) outages.push({ of: change.takes, from: made.from, to: made.to });
      await sleep(PAUSES[turn % PAUSES.length]);
    }
  } finally {
    clearInterval(sampling);
    clearInterval(telling);
  }
  // The last change took too long for another: nothing was ended meanwhile.
  if (first !== undefined) last ??= await collect();
  const traffic = await Promise.all(loads.map(async ({ clients, load }) => ({ clients, report: await load.stop() })));
  const quiet = { from: (quietFrom ?? from) + warm, to: to - rough };
  const errors = await site.errors();
  const without = [first ?? new Map(), last ?? new Map()] as const;
  return { whole: { from, to: Date.now() }, quiet, traffic, changes, outages, samples, collected: without, errors };
}

/** The change whose turn it is: what was not made yet, in their order, or was made before all others. */
export function longestAgo(possible: readonly Change[], made: readonly Made[]): Change | undefined {
  const last = ({ name }: Change): number => made.findLastIndex((one) => one.name === name);
  return possible.toSorted((one, other) => last(one) - last(other))[0];
}

async function attempt(change: Change, round: number): Promise<Made> {
  const { name } = change;
  const from = Date.now();
  try {
    await change.make(round);
    const to = Date.now();
    await change.settle?.(round);
    return { name, from, to };
  } catch (error) {
    return { name, from, to: Date.now(), failure: error instanceof Error ? error.message : String(error) };
  }
}
