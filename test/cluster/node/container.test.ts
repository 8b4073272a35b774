import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { type ContainerPorts, RunningContainer } from './container.ts';
import type { Container } from './kinds.ts';

const PROBED = { httpGet: { port: 1 } } as const;
const LONG = { interval: 20 } as const;
const running: RunningContainer[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop(0))));

/** A container of a shell command; what its probes say and whether it has an image is as `world` says. */
function container(script: string, more: Partial<Container> = {}) {
  const world = { startupProbe: false, readinessProbe: false, hasImage: true, starts: 0 };
  const exits: (number | null)[] = [];
  const ports: ContainerPorts = {
    hasImage: () => world.hasImage,
    start: () => {
      world.starts += 1;
      return spawn('sh', ['-c', script], { stdio: 'ignore' });
    },
    probe: (kind) => Promise.resolve(world[kind]),
    changed: () => undefined,
    exited: (code) => exits.push(code),
  };
  const made = new RunningContainer({ name: 'c', image: 'i', ...more }, ports);
  running.push(made);
  return { made, world, exits };
}

/** Whether a promise has been kept by now. */
function kept(promise: Promise<void>): () => boolean {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return () => state.done;
}

describe('a container that is kept running', () => {
  it('has started once its startup probe has succeeded, and is ready when its readiness probe says so', async () => {
    const { made, world } = container('sleep 600', { startupProbe: PROBED, readinessProbe: PROBED });
    const hasStarted = kept(made.keepRunning());
    await expect.poll(() => made.state.phase, LONG).toBe('running');
    expect([hasStarted(), made.state.started, made.state.ready]).toEqual([false, false, false]);
    world.startupProbe = true;
    await expect.poll(hasStarted, LONG).toBe(true);
    expect([made.state.started, made.state.ready]).toEqual([true, false]);
    world.readinessProbe = true;
    await expect.poll(() => made.state.ready, LONG).toBe(true);
    world.readinessProbe = false;
    await expect.poll(() => made.state.ready, LONG).toBe(false);
  });

  it('is started again when it ends, and is not ready meanwhile', async () => {
    const { made, exits } = container('exit 3');
    await made.keepRunning();
    await expect.poll(() => made.state.restarts, LONG).toBeGreaterThanOrEqual(1);
    expect(exits[0]).toBe(3);
  });

  it('is asked to end, and made to when its time is over', async () => {
    const willing = container('trap "exit 0" TERM; while :; do sleep 0.05; done');
    const stubborn = container('trap "" TERM; while :; do sleep 0.05; done');
    for (const { made } of [willing, stubborn]) {
      await made.keepRunning();
      await expect.poll(() => made.state.ready, LONG).toBe(true);
    }
    await willing.made.stop(600_000);
    await stubborn.made.stop(100);
    for (const { made, world } of [willing, stubborn]) {
      expect([made.state.phase, made.state.ready, world.starts]).toEqual(['ended', false, 1]);
    }
  });

  it('waits for its image, and so does what waits for it', async () => {
    const { made, world } = container('sleep 600');
    world.hasImage = false;
    const hasStarted = kept(made.keepRunning());
    await expect.poll(() => made.state, LONG).toMatchObject({ phase: 'waiting', waitsFor: 'image' });
    expect([hasStarted(), world.starts]).toEqual([false, 0]);
    await made.stop(0);
    await expect.poll(hasStarted, LONG).toBe(true);
    expect([made.state.started, world.starts]).toEqual([false, 0]);
  });
});

describe('a container that is run to its end', () => {
  it('is run again until it ends well, unless it is not to be', async () => {
    const again = container('exit 1');
    const hasEnded = kept(again.made.runOnce());
    await expect.poll(() => again.world.starts, LONG).toBeGreaterThanOrEqual(2);
    expect(hasEnded()).toBe(false);
    const once = container('exit 1');
    await once.made.runOnce(false);
    expect([once.world.starts, once.made.state.exitCode]).toEqual([1, 1]);
  });
});
