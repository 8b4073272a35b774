import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from './kinds.ts';

/** A container as this file runs it. */
export interface Runnable {
  readonly spec: Container;
  keepRunning(): Promise<void>;
  runOnce(isRetried?: boolean): Promise<void>;
  stop(grace: number): Promise<void>;
}

/** Whether an init container is a sidecar (Kubernetes, "Sidecar Containers"). */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/**
 * Starts the containers of a pod as a kubelet does: init containers one after the other, a plain one to its end, a sidecar
 * until its startup probe has succeeded; then all others at once, to be started again when they end as the pod's restart policy says.
 */
export async function startContainers(
  init: readonly Runnable[],
  main: readonly Runnable[],
  restart = 'Always',
): Promise<void> {
  for (const container of init) await (isSidecar(container.spec) ? container.keepRunning() : container.runOnce());
  for (const container of main) {
    void (restart === 'Always' ? container.keepRunning() : container.runOnce(restart === 'OnFailure'));
  }
}

/**
 * Ends them within `grace` milliseconds: the `preStop` hooks of the main containers run first, then these are ended, and when
 * all of them have, the sidecars, the last one first. What is left of the time is the next one's.
 */
export async function stopContainers(
  init: readonly Runnable[],
  main: readonly Runnable[],
  grace: number,
  preStop: (container: Container) => Promise<void>,
): Promise<void> {
  const until = Date.now() + grace;
  const left = (): number => Math.max(0, until - Date.now());
  await Promise.all(
    main.map(async (container) => {
      if (container.spec.lifecycle?.preStop !== undefined) {
        await Promise.race([preStop(container.spec), sleep(left(), undefined, { ref: false })]);
      }
      await container.stop(left());
    }),
  );
  for (const container of init.toReversed()) await container.stop(left());
}
