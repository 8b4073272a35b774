import { describe, expect, it } from 'vitest';
import { type Runnable, startContainers, stopContainers } from './containers.ts';

/** Containers that write down what is done with them; a sidecar has started once `let` is called. */
function world() {
  const done: string[] = [];
  const pending = new Map<string, () => void>();
  const container = (name: string, restartPolicy?: string): Runnable => {
    const later = (what: string): Promise<void> =>
      new Promise((resolve) => {
        done.push(`${what} ${name}`);
        pending.set(name, resolve);
      });
    return {
      spec: {
        name,
        image: 'any',
        ...(restartPolicy === undefined ? {} : { restartPolicy }),
        lifecycle: name === 'main' ? { preStop: {} } : {},
      },
      keepRunning: () => later('start'),
      runOnce: () => later('run'),
      stop: () => {
        done.push(`stop ${name}`);
        return Promise.resolve();
      },
    };
  };
  const go = async (name: string): Promise<void> => {
    pending.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { container, done, go };
}

describe('the containers of a pod', () => {
  it('start in order: an init container after the one before has ended, or has started where that is a sidecar', async () => {
    const { container, done, go } = world();
    const init = [container('prepare'), container('sidecar', 'Always'), container('check')];
    const all = startContainers(init, [container('main'), container('other')]);
    expect(done).toEqual(['run prepare']);
    await go('prepare');
    expect(done.slice(1)).toEqual(['start sidecar']);
    await go('sidecar');
    expect(done.slice(2)).toEqual(['run check']);
    await go('check');
    await all;
    expect(done.slice(3)).toEqual(['start main', 'start other']);
  });

  it('end with the hooks of the main ones, then these, then the sidecars in reverse order', async () => {
    const { container, done } = world();
    const init = [container('first', 'Always'), container('second', 'Always')];
    await stopContainers(init, [container('main')], 1_000, ({ name }) => {
      done.push(`preStop ${name}`);
      return Promise.resolve();
    });
    expect(done).toEqual(['preStop main', 'stop main', 'stop second', 'stop first']);
  });

  it('do not wait longer for a hook than the grace period', async () => {
    const { container, done } = world();
    await stopContainers([], [container('main')], 50, () => new Promise(() => undefined));
    expect(done).toEqual(['stop main']);
  });
});
