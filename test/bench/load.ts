import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A steady load on a port. */
export interface LoadPlan {
  /** 127.0.0.1 where absent. */
  readonly address?: string;
  readonly port: number;
  /** Over TLS; plaintext where absent. */
  readonly tls?: boolean;
  /** What is asked for in turn, and the answers that are right. */
  readonly targets: readonly LoadTarget[];
  /** Keep-alive connections, each with one request at a time. */
  readonly connections: number;
  /** From one request of a connection to its next: milliseconds. */
  readonly pace: number;
  /** The most that one answer may take: milliseconds. */
  readonly timeout: number;
  /** The most requests of the whole load. */
  readonly most: number;
}

/** What one request of a load asks for. */
export interface LoadTarget {
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that is right; 200 where absent. */
  readonly status?: number;
  /** A status that may come at times, instead: it is told when. */
  readonly excused?: number;
  /** Bodies that are right; any where absent. */
  readonly accepted?: readonly string[];
}

/** A request that was lost: no answer, another status than the right one, or a wrong body. */
export interface Loss {
  readonly host: string;
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What became of a load. */
export interface LoadReport {
  readonly asked: number;
  readonly lost: number;
  /** The first of them. */
  readonly losses: readonly Loss[];
  /** How often each status was answered. */
  readonly statuses: { readonly [status: number]: number };
  /** When excused statuses came, from the first of some to the last, those together that are less than 100 ms apart. */
  readonly excused: readonly Excused[];
}

/** Excused answers that came together. */
export interface Excused extends Span {
  /** How long the slowest of them was waited for. Milliseconds. */
  readonly took: number;
}

/** From when to when: milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A load that goes on. */
export interface RunningLoad {
  /** What became of it so far, some second ago. */
  soFar(): LoadReport;
  /** Ends it, and tells what became of it. */
  stop(): Promise<LoadReport>;
}

const NOTHING: LoadReport = { asked: 0, lost: 0, losses: [], statuses: {}, excused: [] };

/** Starts a load in a thread of its own. */
export function startLoad(plan: LoadPlan): RunningLoad {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData: plan });
  let latest = NOTHING;
  worker.on('message', (report: LoadReport) => (latest = report));
  const ended = once(worker, 'exit');
  ended.catch(() => undefined);
  return {
    soFar: () => latest,
    stop: async () => {
      worker.postMessage('stop', []);
      await ended;
      if (latest === NOTHING) throw new Error('the load ended without a report');
      return latest;
    },
  };
}
