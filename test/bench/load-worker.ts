// A worker's script: asks steadily over keep-alive connections until it is told to stop, and tells what was lost.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { HttpConnection } from './http-connection.ts';
import type { Excused, LoadPlan, LoadReport, LoadTarget, Loss } from './load.ts';

/** Of what is lost, the first so many are told in words. */
const TOLD = 5;
/** What comes within it belongs together. Milliseconds. */
const GAP = 100;
/** How often it is told how it goes. Milliseconds. */
const TELL_EVERY = 1_000;

// startLoad passes it, and nothing else starts this worker.
const plan: LoadPlan = workerData;
const state = { stopping: false };
let asked = 0;
let lost = 0;
const losses: Loss[] = [];
const statuses: Record<number, number> = {};
const excused: Excused[] = [];
parentPort?.once('message', () => (state.stopping = true));

const now = (): number => performance.timeOrigin + performance.now();

function lose(host: string, what: string): void {
  lost += 1;
  if (losses.length < TOLD) losses.push({ host, what, at: now() });
}

function excuse(took: number): void {
  const at = now();
  const last = excused.at(-1);
  if (last === undefined || at - last.to > GAP) excused.push({ from: at, to: at, took });
  else excused[excused.length - 1] = { from: last.from, to: at, took: Math.max(last.took, took) };
}

function judge(target: LoadTarget, status: number, body: string, took: number): void {
  const { host, path, accepted } = target;
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status === target.excused) return excuse(took);
  const isRight = status === (target.status ?? 200) && (accepted === undefined || accepted.includes(body));
  if (!isRight) lose(host + path, `${status} ${body.slice(0, 60)}`);
}

async function ask(connection: HttpConnection, first: number): Promise<void> {
  for (let turn = first; !state.stopping && asked < plan.most; turn += 1) {
    const target = plan.targets[turn % plan.targets.length];
    if (target === undefined) return;
    const { host, path, headers } = target;
    const started = performance.now();
    asked += 1;
    try {
      const { status, body } = await connection.get(host, path, headers);
      judge(target, status, body, performance.now() - started);
    } catch (error) {
      lose(host + path, String(error));
    }
    const rest = started + plan.pace - performance.now();
    if (rest > 0) await sleep(rest);
  }
}

function tell(): void {
  const report: LoadReport = { asked, lost, losses, statuses, excused };
  parentPort?.postMessage(report, []);
}

const telling = setInterval(tell, TELL_EVERY);
const connections = Array.from(
  { length: plan.connections },
  () => new HttpConnection(plan.port, plan.timeout, plan.tls, plan.address),
);
await Promise.all(connections.map((connection, index) => ask(connection, index)));
for (const connection of connections) connection.close();
clearInterval(telling);
tell();
