import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Whether a path may be listened on. */
export type Claim =
  | { readonly kind: 'free' }
  /** Another process answers there. */
  | { readonly kind: 'in-use'; readonly message: string }
  /** No socket can be at that path. */
  | { readonly kind: 'unusable'; readonly message: string };

/** Bytes of a Unix socket's path on Linux (`sun_path` holds 108 with the final zero). */
const PATH_LIMIT = 107;
/** How long a process that listens may take to accept. */
const PROBE_TIMEOUT_MS = 1000;

/**
 * Makes a path free to listen on: creates its folder (mode 0750) and removes a socket that nobody answers on.
 *
 * A socket on which a process listens is left alone, and so is a file that is no socket.
 */
export async function claimSocketPath(path: string): Promise<Claim> {
  const length = Buffer.byteLength(path);
  if (length > PATH_LIMIT) {
    return { kind: 'unusable', message: `socket ${path} has a path of ${length} bytes; accepted are ${PATH_LIMIT}` };
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const found = await lstat(path).catch(absent);
  if (found === undefined) return { kind: 'free' };
  if (!found.isSocket()) return { kind: 'unusable', message: `${path} is there and is no socket` };
  if (await answers(path)) {
    return { kind: 'in-use', message: `another process listens on ${path}` };
  }
  await unlink(path).catch(absent);
  return { kind: 'free' };
}

/** Opens a socket to its owner and its group (mode 0660): Envoy shares the group. */
export async function openToGroup(path: string): Promise<void> {
  await chmod(path, 0o660);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    const settle = (then: () => void): void => {
      probe.destroy();
      then();
    };
    // Whoever is too busy to accept is alive all the same.
    probe.setTimeout(PROBE_TIMEOUT_MS, () => settle(() => resolve(true)));
    probe.once('connect', () => settle(() => resolve(true)));
    probe.once('error', (error: NodeJS.ErrnoException) => {
      settle(() => {
        if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
        // The queue of a live process is full.
        else if (error.code === 'EAGAIN') resolve(true);
        else reject(error);
      });
    });
  });
}
