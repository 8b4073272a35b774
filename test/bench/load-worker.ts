// A worker's script: asks steadily over keep-alive connections until it is told to stop, and tells what was lost.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { HttpConnection } from './http-connection.ts';
import type { LoadPlan, LoadReport, Loss } from './load.ts';

/** Of what is lost, the first so many are told in words. */
const TOLD = 5;

// startLoad passes it, and nothing else starts this worker.
const plan: LoadPlan = workerData;
const state = { stopping: false };
let asked = 0;
let lost = 0;
const losses: Loss[] = [];
parentPort?.once('message', () => (state.stopping = true));

function lose(host: string, what: string): void {
  lost += 1;
  if (losses.length < TOLD) losses.push({ host, what, at: performance.timeOrigin + performance.now() });
}

async function ask(connection: HttpConnection, first: number): Promise<void> {
  for (let turn = first; !state.stopping && asked < plan.most; turn += 1) {
    const target = plan.targets[turn % plan.targets.length];
    if (target === undefined) return;
    const { host, path, headers, accepted } = target;
    const started = performance.now();
    asked += 1;
    try {
      const { status, body } = await connection.get(host, path, headers);
      if (status !== 200 || !accepted.includes(body)) lose(host + path, `${status} ${body.slice(0, 60)}`);
    } catch (error) {
      lose(host + path, String(error));
    }
    const rest = started + plan.pace - performance.now();
    if (rest > 0) await sleep(rest);
  }
}

const connections = Array.from({ length: plan.connections }, () => new HttpConnection(plan.port, plan.timeout));
await Promise.all(connections.map((connection, index) => ask(connection, index)));
for (const connection of connections) connection.close();
const report: LoadReport = { asked, lost, losses };
parentPort?.postMessage(report, []);
