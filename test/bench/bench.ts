import type { BenchOptions, Workload } from './options.ts';
import type { Ports } from './ports.ts';
import type { Result } from './result.ts';
import type { WorldShape } from './world.ts';

/** What the parts of the benchmark share. */
export interface Bench {
  readonly options: BenchOptions;
  readonly ports: Ports;
  /** An empty folder for one measurement. */
  folder(): string;
  /** Takes a line of the tables, and shows it. */
  add(result: Result): void;
  /** Makes one measurement; when it fails the others go on, and the benchmark fails at its end. */
  attempt<T>(words: string, measure: () => Promise<T>): Promise<T | undefined>;
  /** Tells what is under way. */
  say(words: string): void;
}

/** The most that anything may take to serve. Milliseconds. */
export const PATIENCE = 180_000;

/** The shape of a workload with `routes` HTTPRoutes. */
export function shapeOf({ options, ports }: Bench, workload: Workload, routes: number): WorldShape {
  const services = workload === 'i' ? options.services : routes;
  return { routes, services, port: ports.gateway, backEnd: ports.backEnds[0] };
}

/** A workload in the words of the tables. */
export function wordsOf({ options }: Bench, workload: Workload): string {
  return workload === 'i' ? `${options.services} Services` : 'a Service each';
}
