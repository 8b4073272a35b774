import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection to the inspector of a Node process that was started with `--inspect-port`. */
export interface Inspector {
  /** Bytes of the heap that are in use after a full collection, in KiB. */
  heapKib(): Promise<number>;
  startProfile(): Promise<void>;
  /** Writes the profile as `*.cpuprofile`. */
  stopProfile(file: string): Promise<void>;
  close(): void;
}

/** Opens the inspector of a process, which costs it nothing until then (Node.js documentation, "Signal events": SIGUSR1). */
export async function openInspector(pid: number, port: number): Promise<Inspector> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await debuggerUrl(port));
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the inspector cannot be reached')), { once: true });
  });
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message: unknown = JSON.parse(String(data));
    if (!isObject(message) || typeof message['id'] !== 'number') return;
    waiting.get(message['id'])?.(message['result']);
    waiting.delete(message['id']);
  });
  let id = 0;
  const ask = (method: string): Promise<unknown> => {
    id += 1;
    socket.send(JSON.stringify({ id, method }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  return {
    heapKib: async () => {
      await ask('HeapProfiler.collectGarbage');
      const usage = await ask('Runtime.getHeapUsage');
      return isObject(usage)
        ? (Number(usage['usedSize']) + Number(usage['backingStorageSize'] ?? 0)) / 1_024
        : Number.NaN;
    },
    startProfile: async () => {
      await ask('Profiler.enable');
      await ask('Profiler.start');
    },
    stopProfile: async (file) => {
      const stopped = await ask('Profiler.stop');
      if (isObject(stopped)) writeFileSync(file, JSON.stringify(stopped['profile']));
    },
    close: () => socket.close(),
  };
}

async function debuggerUrl(port: number): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const targets: unknown = await fetch(`http://127.0.0.1:${port}/json`)
      .then((response) => response.json())
      .catch(() => undefined);
    const target: unknown = Array.isArray(targets) ? targets[0] : undefined;
    if (isObject(target) && typeof target['webSocketDebuggerUrl'] === 'string') return target['webSocketDebuggerUrl'];
    await sleep(50);
  }
  throw new Error(`no inspector on port ${port}`);
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
