import type { Bench } from '../bench.ts';
import { type Measured, result } from '../result.ts';
import { median, round, spreadOf } from '../statistics.ts';
import type { FilterCase } from './filter-case.ts';
import { added, type AllTaken, throughput } from './place.ts';

/** Tells what a case costs, beside native filters. */
export function reportFilter(bench: Bench, { id, words }: FilterCase, direct: AllTaken, proxied: AllTaken): void {
  const [ours, native] = [added(direct, 'ours', id), added(direct, 'native', id)];
  if (ours === undefined || native === undefined) return;
  const noOp = added(direct, 'native', 'no-op') ?? [];
  const line = (measured: Omit<Measured, 'n'>): void => bench.add(result({ n: 1, ...measured }));
  line({
    id: `a/${id}`,
    case: `${words}: CPU of Envoy added to a request; reference: native (µs)`,
    ours: median(ours),
    reference: median(native),
    spread: `${spreadOf(ours)}; ${spreadOf(native)}; a filter that does nothing: ${round(median(noOp))}`,
    target: targetOf(id, median(noOp)),
  });
  const [kept, keptNative] = [throughput(proxied, 'ours', id), throughput(proxied, 'native', id)];
  if (kept === undefined || keptNative === undefined) return;
  line({
    id: `a/${id}/proxied`,
    case: `${words}: proxied throughput kept, of that without a filter; reference: native`,
    ours: median(kept),
    reference: median(keptNative),
    spread: `${spreadOf(kept)}; ${spreadOf(keptNative)}`,
    target: { of: 'ratio', least: 0.98, words: 'at least 0.98 of native' },
  });
}

/** Tells what a global limit costs by leases, beside a call for each request. */
export function reportLeases(bench: Bench, direct: AllTaken): void {
  const [ours, each] = [withSidecar(direct, 'global-leased'), withSidecar(direct, 'global-each')];
  if (ours === undefined || each === undefined) return;
  const calls = (name: string): number => median(direct.get(`ours ${name}`)?.calls ?? []);
  bench.add(
    result({
      id: 'a/global-limit',
      case: 'global limit: CPU of Envoy and sidecar added to a request; reference: a call for each request (µs)',
      n: 1,
      ours: median(ours),
      reference: median(each),
      spread: `${spreadOf(ours)}; ${spreadOf(each)}`,
      target: { of: 'ratio', most: 0.2, words: 'at least 5 times cheaper' },
    }),
  );
  bench.add(
    result({
      id: 'a/global-limit/calls',
      case: 'global limit: calls to the sidecar for 1,000 requests; reference: where each is counted by a call',
      n: 1,
      ours: 1_000 * calls('global-leased'),
      reference: 1_000 * calls('global-each'),
    }),
  );
}

/** Tells how often the sidecar was asked in cases that filters can decide. */
export function reportCalls(bench: Bench, cases: readonly FilterCase[], direct: AllTaken): void {
  const calls = cases.flatMap(({ id }) => direct.get(`ours ${id}`)?.calls ?? []);
  bench.add(
    result({
      id: 'a/sidecar-calls',
      case: 'messages to the sidecar for a request, the most of all cases that filters can decide',
      n: 1,
      ours: Math.max(...calls),
      target: { of: 'value', most: 0, words: 'none' },
    }),
  );
}

function withSidecar(taken: AllTaken, name: string): readonly number[] | undefined {
  const sidecar = taken.get(`ours ${name}`)?.sidecar;
  return added(taken, 'ours', name)?.map((cpu, turn) => cpu + (sidecar?.[turn] ?? Number.NaN));
}

function targetOf(id: string, noOp: number): Measured['target'] {
  switch (id) {
    case 'chain':
      return { of: 'ratio', most: 1, words: 'at most native' };
    case 'jwt-es256':
      return { of: 'ratio', most: 1.3, words: 'at most 1.3 times native' };
    case 'authorization-1000':
      return { of: 'ratio', most: 1, words: 'at most native' };
    case 'authorization-1':
      return undefined;
    default:
      return { of: 'value', most: 2.5 * noOp, words: 'at most 2.5 times a filter that does nothing' };
  }
}
