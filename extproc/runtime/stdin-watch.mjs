/**
 * A thread that watches standard input, so that a process whose main thread is stuck, in an endless loop of a
 * processor's, does not outlive its parent.
 *
 * Tells the main thread when standard input closes and, should the process still be there when it ought to be gone,
 * kills it.
 */
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** Milliseconds in which the main thread may end the process itself. */
const GRACE_MS = 3000;

function closed() {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is of windows, this is a thread
  parentPort?.postMessage('closed');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS);
}

try {
  // Not process.stdin: in a thread that one is fed by the main thread.
  new Socket({ fd: 0, readable: true, writable: false })
    .on('error', () => undefined)
    .once('close', closed)
    .resume();
} catch {
  // A file or /dev/null has no other end that a parent could hold.
  closed();
}
