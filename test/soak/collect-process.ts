/**
 * A script: `node collect-process.ts PID`. Has a Node process collect all its garbage, by its inspector: SIGUSR1 opens it on port
 * 9229 of the loopback that the process has (Node.js, "Debugger"), and it is closed again. Ends with 1 where that is not to be had.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '#controller/api/compile.ts';

const INSPECTOR = 'http://127.0.0.1:9229/json/list';
const TRIES = 100;
const RETRY_AFTER = 100;
/** It is closed when the answer is on its way. */
const CLOSE = `setTimeout(() => process.getBuiltinModule('inspector').close(), 50)`;

const pid = Number(process.argv[2]);
process.kill(pid, 'SIGUSR1');
const address = await addressOfInspector();
if (address === undefined) process.exit(1);
const socket = new WebSocket(address);
await new Promise((resolve, reject) => {
  socket.addEventListener('open', resolve);
  socket.addEventListener('error', reject);
});
// Another process may have the port.
if ((await ask('Runtime.evaluate', { expression: 'process.pid' })) !== pid) process.exit(1);
await ask('HeapProfiler.collectGarbage', {});
await ask('Runtime.evaluate', { expression: CLOSE });
process.exit(0);

/** Where the inspector is, once it is there. */
async function addressOfInspector(): Promise<string | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const list: unknown = await fetch(INSPECTOR).then(
      (answer) => answer.json(),
      () => undefined,
    );
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    if (isObject(first)) return String(first['webSocketDebuggerUrl']);
    await sleep(RETRY_AFTER);
  }
  return undefined;
}

/** Asks the inspector (Chrome DevTools Protocol); gives the value that an expression has. */
function ask(method: string, params: object): Promise<unknown> {
  socket.send(JSON.stringify({ id: 1, method, params }));
  return new Promise((resolve) => {
    socket.addEventListener(
      'message',
      ({ data }) => {
        const answer: unknown = JSON.parse(String(data));
        const outer = isObject(answer) ? answer['result'] : undefined;
        const inner = isObject(outer) ? outer['result'] : undefined;
        resolve(isObject(inner) ? inner['value'] : undefined);
      },
      { once: true },
    );
  });
}
