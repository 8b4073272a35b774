import type { Bench } from '../bench.ts';
import type { ObservedProxy } from '../observed-proxy.ts';
import { threadsCpu } from './envoy-cpu.ts';
import type { FilterCase } from './filter-case.ts';
import { load } from './load-generator.ts';

/** What is asked of one Envoy: the case, and what it is measured against. */
export interface Place {
  readonly name: string;
  readonly side: Side;
  readonly port: number;
  readonly load: Pick<FilterCase, 'headers' | 'tokens'>;
}

/** An Envoy with native filters, or a proxy of ours. */
export type Side = 'native' | 'ours';

/** The measurements of a place, one a round. */
export interface Taken {
  /** CPU of Envoy for one request: microseconds. */
  readonly cpu: number[];
  /** CPU of the sidecar for one request: microseconds. */
  readonly sidecar: number[];
  /** Calls to the sidecar for one request. */
  readonly calls: number[];
  /** Requests a second. */
  readonly rate: number[];
}

/** What is measured of each place, by `<side> <name>`. */
export type AllTaken = ReadonlyMap<string, Taken>;

/** Measures all places once a round, in an order that changes. `native` is the process of the Envoy with native filters. */
export async function measurePlaces(
  bench: Bench,
  places: readonly Place[],
  proxies: { readonly native: number; readonly ours: ObservedProxy },
  path: string,
): Promise<AllTaken> {
  const taken = new Map<string, Taken>(
    places.map(({ side, name }) => [`${side} ${name}`, { cpu: [], sidecar: [], calls: [], rate: [] }]),
  );
  const folder = bench.folder();
  const { ours } = proxies;
  for (let turn = 0; turn < bench.options.rounds; turn += 1) {
    bench.say(`  ${path}: round ${turn + 1} of ${bench.options.rounds}`);
    // Whoever comes after another has its heat; so everyone comes after everyone else at some time.
    const order = places.map((_, index) => places[(index * (turn + 1) + turn) % places.length]);
    for (const place of new Set([...order, ...places])) {
      if (place === undefined) continue;
      const pid = place.side === 'native' ? proxies.native : ours.pid;
      const now = async () => ({
        cpu: threadsCpu(pid),
        sidecar: threadsCpu(ours.sidecarPid),
        calls: await ours.sidecarCalls(),
      });
      const before = await now();
      const { requests, rate } = await load(folder, {
        ...place.load,
        port: place.port,
        path,
        seconds: bench.options.loadSeconds,
      });
      const after = await now();
      const of = taken.get(`${place.side} ${place.name}`);
      of?.cpu.push((after.cpu - before.cpu) / requests);
      of?.sidecar.push((after.sidecar - before.sidecar) / requests);
      of?.calls.push((after.calls - before.calls) / requests);
      of?.rate.push(rate);
    }
  }
  return taken;
}

/** What a place costs Envoy above the place without a filter, round by round: microseconds. */
export function added(taken: AllTaken, side: Side, name: string): readonly number[] | undefined {
  const base = taken.get(`${side} nothing`)?.cpu;
  return taken.get(`${side} ${name}`)?.cpu.map((cpu, turn) => cpu - (base?.[turn] ?? Number.NaN));
}

/** The part of the throughput without a filter that a place has, round by round. */
export function throughput(taken: AllTaken, side: Side, name: string): readonly number[] | undefined {
  const base = taken.get(`${side} nothing`)?.rate;
  return taken.get(`${side} ${name}`)?.rate.map((rate, turn) => rate / (base?.[turn] ?? Number.NaN));
}
