import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A resolver that never answers, and how to make a program use it. */
export interface BlackHole {
  /** What a program is started through, so that this resolver is the machine's for it and its children alone. */
  readonly through: readonly [string, ...string[]];
  /** How many questions have come in. */
  asked(): number;
  stop(): Promise<void>;
}

/** An address of loopback that nothing else uses: a resolver's port cannot be chosen in resolv.conf(5). */
const ADDRESS = '127.24.53.53';

/** Mounts the first argument over /etc/resolv.conf, in a mount namespace of its own, and becomes the program that follows. */
const SCRIPT = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';

/**
 * Opens a black hole. It takes the right to mount (root, or CAP_SYS_ADMIN) and to bind port 53; without them it gives the reason
 * instead.
 */
export async function openBlackHole(folder: string): Promise<BlackHole | { readonly refused: string }> {
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${ADDRESS}\n`);
  const before = ['-m', 'sh', '-c', SCRIPT, 'sh', file] as const;
  const tried = spawnSync('unshare', [...before, 'true'], { encoding: 'utf8' });
  if (tried.status !== 0) {
    return { refused: `no mount namespace of our own: ${tried.error?.message ?? tried.stderr.trim()}` };
  }
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', () => (asked += 1));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(53, ADDRESS, resolve);
    });
  } catch (error) {
    return { refused: `port 53 of ${ADDRESS} cannot be bound: ${String(error)}` };
  }
  return {
    through: ['unshare', ...before, process.execPath],
    asked: () => asked,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A route to a Backend whose host name is asked for; another name each time, so that it is asked for anew. */
export function blackHoleRoute(number: number): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: unresolved
spec:
  endpoints:
    - fqdn:
        hostname: n${number}.unresolved.bench.test
        port: 80
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: unresolved
spec:
  parentRefs:
    - name: bench
  hostnames:
    - unresolved.bench.test
  rules:
    - backendRefs:
        - group: gateway.envoyproxy.io
          kind: Backend
          name: unresolved
`;
}
