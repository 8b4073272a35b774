import { describe, expect, it } from 'vitest';
import type { ApiRequest, ApiServer } from './api-server.ts';
import { ClassFinalizers } from './class-finalizers.ts';
import type { ApiObject } from './reflector.ts';

const US = 'example.com/us';
const FINALIZER = 'gateway-exists-finalizer.gateway.networking.k8s.io';
const API = 'gateway.networking.k8s.io/v1';

const classOf = (name: string, finalizers: readonly string[], controllerName = US): ApiObject => ({
  apiVersion: API,
  kind: 'GatewayClass',
  metadata: { name, finalizers },
  spec: { controllerName },
});
const gateway = (name: string, gatewayClassName: string, namespace = 'default'): ApiObject => ({
  apiVersion: API,
  kind: 'Gateway',
  metadata: { name, namespace },
  spec: { gatewayClassName },
});

function watched({ seesAll = true } = {}) {
  const asked: ApiRequest[] = [];
  const failures: string[] = [];
  const timers: { readonly at: number; readonly act: () => void }[] = [];
  const time = { now: 0 };
  const answers: { status: number; retryAfter: number | undefined } = { status: 200, retryAfter: undefined };
  const server: ApiServer = {
    ask: (request) => {
      asked.push(request);
      return Promise.resolve({ ...answers, body: undefined });
    },
    watch: () => new Promise(() => undefined),
    close: () => undefined,
  };
  const finalizers = new ClassFinalizers({
    server,
    controllerName: US,
    seesAll,
    clock: {
      now: () => time.now,
      after: (ms, act) => (timers.push({ at: time.now + ms, act }), () => undefined),
    },
    random: () => 0,
    failed: (what, message) => failures.push(`${what}: ${message}`),
  });
  const taken = (): readonly string[] => asked.map(({ path }) => path.split('/').at(-1) ?? '');
  /** Lets time pass until the timer that was set last, which may come a little early. */
  const pass = (): void => {
    const last = timers.at(-1);
    time.now = (last?.at ?? 1) - 1;
    last?.act();
  };
  return { finalizers, asked, taken, failures, timers, answers, pass };
}

describe('the finalizer that another controller has left on a class', () => {
  it('is taken from a class of ours without Gateways by who leads, and nothing else with it', () => {
    const { finalizers, asked, taken } = watched();
    finalizers.seen(classOf('left', ['example.com/kept', FINALIZER]));
    finalizers.seen(classOf('fine', ['example.com/kept']));
    finalizers.seen(classOf('theirs', [FINALIZER], 'example.com/them'));
    expect(taken()).toEqual([]);
    finalizers.lead(true);
    expect(taken()).toEqual(['left']);
    expect(asked[0]).toMatchObject({
      method: 'PATCH',
      patch: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/finalizers/1', value: FINALIZER },
        { op: 'remove', path: '/metadata/finalizers/1' },
      ],
    });
  });

  it('stays as long as a Gateway is of the class', () => {
    const { finalizers, taken } = watched();
    finalizers.seen(classOf('used', [FINALIZER]));
    for (const name of ['a', 'b', 'c']) finalizers.seen(gateway(name, 'used', name));
    finalizers.lead(true);
    finalizers.gone('Gateway', { name: 'a', namespace: 'a' });
    finalizers.seen(gateway('b', 'another', 'b'));
    expect(taken()).toEqual([]);
    // A list of another namespace says nothing of this one.
    finalizers.listed('Gateway', 'b', new Set());
    expect(taken()).toEqual([]);
    finalizers.listed('Gateway', undefined, new Set());
    expect(taken()).toEqual(['used']);
  });

  it('is taken later where it cannot be taken now', async () => {
    const { finalizers, taken, failures, timers, answers, pass } = watched();
    finalizers.seen(classOf('left', [FINALIZER]));
    answers.status = 403;
    finalizers.lead(true);
    await expect.poll(() => timers).toHaveLength(1);
    expect(failures).toEqual(['finalizer of GatewayClass left: status 403']);
    answers.status = 200;
    pass();
    expect(taken()).toEqual(['left', 'left']);
  });

  it.each([429, 503])('is not asked for before a server that is busy (%i) asks to be asked again', async (status) => {
    const { finalizers, taken, timers, answers, pass } = watched();
    finalizers.seen(classOf('left', [FINALIZER]));
    Object.assign(answers, { status, retryAfter: 40_000 });
    finalizers.lead(true);
    await expect.poll(() => timers).toHaveLength(1);
    expect(timers[0]?.at).toBe(40_000);
    // Neither what else happens nor another turn of leading makes it come earlier.
    finalizers.seen(gateway('a', 'another'));
    finalizers.lead(false);
    finalizers.lead(true);
    expect(taken()).toEqual(['left']);
    answers.status = 200;
    pass();
    expect(taken()).toEqual(['left', 'left']);
  });

  it('stays where not all Gateways are seen, which is told once when it holds up the class', () => {
    const { finalizers, taken, failures } = watched({ seesAll: false });
    const held = classOf('held', [FINALIZER]);
    finalizers.seen(held);
    finalizers.lead(true);
    expect([...taken(), ...failures]).toEqual([]);
    const ending = { ...held, metadata: { ...held.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    finalizers.seen(ending);
    finalizers.seen(ending);
    expect(taken()).toEqual([]);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('GatewayClass held: it stays: Gateways in namespaces that are not watched');
  });
});
