import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A steady load on a port of loopback. */
export interface LoadPlan {
  readonly port: number;
  /** What is asked for in turn, and the bodies that are right. */
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
  readonly accepted: readonly string[];
}

/** A request that was lost: no answer, another status than 200, or a wrong body. */
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
}

/** Starts a load in a thread of its own; `stop` ends it and tells what became of it. */
export function startLoad(plan: LoadPlan): { stop(): Promise<LoadReport> } {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData: plan });
  const report = once(worker, 'message').then(([message]: LoadReport[]) => {
    if (message === undefined) throw new Error('the load ended without a report');
    return message;
  });
  report.catch(() => undefined);
  return {
    stop: async () => {
      worker.postMessage('stop', []);
      const told = await report;
      await worker.terminate();
      return told;
    },
  };
}
