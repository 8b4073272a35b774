import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validate } from '#controller/api/validate.ts';
import { EXPIRED } from '#test/tls/authority.ts';
import { DEFAULT_SETTINGS } from './compile.ts';
import { OPEN_PORTS, type PortBook } from './gateway/port-claims.ts';
import { type FakeMachine, fakeMachine } from './infra/testing/fake-infra.ts';
import { type Pipeline, type PipelineOptions, startPipeline } from './pipeline.ts';
import type { Problem, ResourceBatch, ResourceEvent } from './provider/provider.ts';
import type { Clock } from './runtime/clock.ts';
import { type ManualClock, manualClock } from './runtime/testing/manual-clock.ts';
import { RunningProxy } from './running-proxy.ts';
import type { ProxyPlace } from './settings.ts';

let folder: string;
let machine: FakeMachine;
const pipelines: Pipeline[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-pipeline-'));
  machine = fakeMachine();
});
afterEach(async () => {
  for (const pipeline of pipelines.splice(0)) await pipeline.stop();
  rmSync(folder, { recursive: true });
});

function upsert(kind: 'Gateway' | 'GatewayClass' | 'EnvoyProxy', name: string, spec: object): ResourceEvent {
  const apiVersion = kind === 'EnvoyProxy' ? 'gateway.envoyproxy.io/v1alpha1' : 'gateway.networking.k8s.io/v1';
  const result = validate(kind, { apiVersion, kind, metadata: { name }, spec });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return { kind: 'upsert', key: `${kind} ${name}`, resource: result.value, source: { kind: 'cluster' } };
}

const CLASS = upsert('GatewayClass', 'sluice', { controllerName: DEFAULT_SETTINGS.controllerName });
const gateway = (name: string, port: number): ResourceEvent =>
  upsert('Gateway', name, { gatewayClassName: 'sluice', listeners: [{ name: 'http', protocol: 'HTTP', port }] });

/** Another object each time, and so is its pair: what is known of an object is known in one store, at one moment. */
const secure = (): ResourceEvent =>
  upsert('Gateway', 'a', {
    gatewayClassName: 'sluice',
    listeners: [{ name: 'https', protocol: 'HTTPS', port: 8443, tls: { certificateRefs: [{ name: 'pair' }] } }],
  });
/** Valid within the year 2020. */
function pairOf2020(): ResourceEvent {
  const stringData = { 'tls.crt': EXPIRED.certificate, 'tls.key': EXPIRED.key };
  const pair = validate('Secret', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'pair' },
    type: 'kubernetes.io/tls',
    stringData,
  });
  if (!pair.ok) throw new Error(JSON.stringify(pair.errors));
  return { kind: 'upsert', key: 'pair', resource: pair.value, source: { kind: 'cluster' } };
}

const UNREADABLE: Problem = {
  severity: 'error',
  reason: 'syntax',
  file: 'a.yaml',
  line: 1,
  column: 1,
  message: 'no YAML',
};

type Answering = {
  readonly answers: PipelineOptions['answers'];
  readonly first: number | undefined;
  /** Done while the world is read. */
  readonly reading?: () => void;
};

/** Who answers what is wanted, of which so much is pending, and for how long it is waited for at the start. */
const waitingFor = (pending: () => number, first: number | undefined): Answering => ({
  answers: () => ({
    want: () => [],
    counts: () => ({ answered: 0, stale: 0, pending: pending() }),
    stop: () => Promise.resolve(),
  }),
  first,
});
const NOTHING_WANTED = waitingFor(() => 0, undefined);

interface World {
  /** What is read first. */
  readonly first: ResourceBatch;
  /** Who may bind what; everybody everything where absent. */
  readonly book?: PortBook;
  /** One that stands still where absent. */
  readonly clock?: Clock;
  /** What proxies are; processes where absent. */
  readonly proxies?: ProxyPlace;
  /** Nothing is wanted where absent. */
  readonly answering?: Answering;
}

/** A pipeline on the fake machine; gives how it is told of further changes. */
async function start({
  first,
  book = OPEN_PORTS,
  clock = manualClock(),
  proxies = 'processes',
  answering = NOTHING_WANTED,
}: World): Promise<(batch: ResourceBatch) => void> {
  let tell: (batch: ResourceBatch) => void = () => undefined;
  const infra = machine.controller();
  const pipeline = await startPipeline({
    provider: {
      start: (onBatch) => {
        tell = onBatch;
        answering.reading?.();
        onBatch([...first, { kind: 'synced' }]);
        return Promise.resolve(() => Promise.resolve());
      },
    },
    clock,
    settings: { ...DEFAULT_SETTINGS, proxies },
    proxy: (key) =>
      new RunningProxy({
        key,
        infra,
        folder: join(folder, key.replace('/', '-')),
        log: pino({ level: 'silent' }),
        serverLog: pino({ level: 'silent' }),
        modules: { has: () => false, read: () => Promise.resolve(undefined) },
        clock: manualClock(),
        sidecarState: () => ({}),
        unknownKey: () => undefined,
        answered: () => undefined,
        changed: () => undefined,
      }),
    ports: () => ({ at: (proxy, socket) => book.at(proxy, socket), want: () => undefined, stop: () => undefined }),
    answers: answering.answers,
    ...(answering.first === undefined ? {} : { answersFirst: answering.first }),
    isLeft: (key) => infra.isLeft(key),
    endOrphans: (serving) => infra.endOthers(serving),
    allowPartial: false,
    translated: () => undefined,
    changed: () => undefined,
    log: pino({ level: 'silent' }),
  });
  pipelines.push(pipeline);
  return (batch) => tell(batch);
}

async function untilRunning(keys: readonly string[]): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (machine.running().join() !== keys.join()) {
    if (Date.now() > deadline) throw new Error(`found ${machine.running().join()}, expected ${keys.join()}`);
    await sleep(5);
  }
}

describe('the pipeline', () => {
  it('runs a proxy for each Gateway, for as long as there is one', async () => {
    const tell = await start({ first: [CLASS, gateway('a', 8080)] });
    await untilRunning(['default/a']);
    tell([gateway('b', 8081)]);
    await untilRunning(['default/a', 'default/b']);
    tell([{ kind: 'delete', key: 'Gateway a' }]);
    await untilRunning(['default/b']);
  });

  it('ends the proxies of Gateways that are no more, which an earlier controller left', async () => {
    await machine.controller().open('default/gone');
    await start({ first: [CLASS, gateway('a', 8080)] });
    await untilRunning(['default/a']);
  });

  it('leaves a proxy of an earlier controller alone while a document cannot be read, and takes it over when it can', async () => {
    const left = await machine.controller().open('default/a');
    const problem: ResourceEvent = { kind: 'problem', id: 'p', problem: UNREADABLE };
    const tell = await start({ first: [CLASS, gateway('a', 8080), problem] });
    expect(pipelines[0]?.proxies()).toEqual([]);
    expect(pipelines[0]?.notReady()).not.toEqual([]);
    tell([{ kind: 'problem-cleared', id: 'p' }]);
    expect(pipelines[0]?.proxies().map(({ key }) => key)).toEqual(['default/a']);
    await untilRunning(['default/a']);
    expect(left.envoyPid).toBe(1);
  });

  it('publishes nothing at its start before it has what policies need, or has waited for it long enough', async () => {
    let pending = 1;
    const clock = manualClock();
    const asks = waitingFor(() => pending, 10_000);
    const tell = await start({ first: [CLASS, gateway('a', 8080)], clock, proxies: 'pods', answering: asks });
    expect(pipelines[0]?.proxies()).toEqual([]);
    clock.pass(9_999);
    expect(pipelines[0]?.proxies()).toEqual([]);
    clock.pass(1);
    await pipelines[0]?.begun;
    await untilRunning(['default/a']);
    pending = 2;
    tell([gateway('b', 8081)]);
    await untilRunning(['default/a', 'default/b']);
  });

  it('publishes at its start as soon as it has what policies need', async () => {
    let pending = 1;
    const asks = waitingFor(() => pending, 10_000);
    const tell = await start({ first: [CLASS, gateway('a', 8080)], proxies: 'pods', answering: asks });
    expect(pipelines[0]?.proxies()).toEqual([]);
    pending = 0;
    tell([]);
    await untilRunning(['default/a']);
  });

  it('waits for what policies need from when it has read what there is, however long that took', async () => {
    const clock = manualClock();
    const asks = { ...waitingFor(() => 1, 10_000), reading: () => clock.pass(12_000) };
    await start({ first: [CLASS, gateway('a', 8080)], clock, proxies: 'pods', answering: asks });
    expect(pipelines[0]?.proxies()).toEqual([]);
    clock.pass(10_000);
    await untilRunning(['default/a']);
  });

  it('runs nothing for a Gateway none of whose ports can be had', async () => {
    const book: PortBook = { at: () => ({ kind: 'unavailable', reason: 'is held by another' }) };
    const tell = await start({ first: [CLASS, gateway('a', 8080)], book });
    tell([gateway('b', 8081)]);
    expect(machine.running()).toEqual([]);
    expect(JSON.stringify(pipelines[0]?.statuses())).toContain('PortUnavailable');
  });

  it('serves with a certificate from its first moment to its last, and says so of each', async () => {
    const clock = manualClock(Date.parse('2019-12-31T00:00:00Z'));
    await start({ first: [CLASS, secure(), pairOf2020()], clock });
    const said = (): string => JSON.stringify(pipelines[0]?.statuses());
    const names = (): readonly string[] =>
      [...(pipelines[0]?.translation().proxies.values() ?? [])].flatMap(({ xds }) =>
        xds.secrets.map(({ name }) => name),
      );
    expect(said()).toContain('a certificate is not valid before 2020-01-01T00:00:00.000Z');
    expect(names()).toEqual([]);
    clock.pass(24 * 3_600_000);
    expect(said()).not.toContain('a certificate is');
    expect(names()).toEqual(['default/pair']);
    clock.pass(365 * 24 * 3_600_000);
    expect(names()).toEqual(['default/pair']);
    clock.pass(24 * 3_600_000 + 1);
    expect(said()).toContain('a certificate is over since 2021-01-01T00:00:00.000Z');
    expect(names()).toEqual([]);
  });
});

describe('a Gateway that has nothing to serve for a moment', () => {
  const IN_2020 = manualClock(Date.parse('2020-06-01T00:00:00Z'));
  const TUNED = upsert('GatewayClass', 'sluice', {
    controllerName: DEFAULT_SETTINGS.controllerName,
    parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', namespace: 'default', name: 'tuned' },
  });
  const TUNING = upsert('EnvoyProxy', 'tuned', {});
  const listeners = (): readonly (number | undefined)[] =>
    (pipelines[0]?.proxies() ?? []).map(({ snapshot }) => snapshot?.listener.size);

  it.each<[string, ResourceBatch, ResourceEvent]>([
    ['whose only certificate is replaced', [CLASS, secure()], pairOf2020()],
    ['the EnvoyProxy of whose class is replaced', [TUNED, secure(), pairOf2020()], TUNING],
  ])('keeps its pods: one %s', async (_, rest, replaced) => {
    const tell = await start({ first: [...rest, replaced], clock: IN_2020, proxies: 'pods' });
    await untilRunning(['default/a']);
    expect(listeners()).toEqual([1]);
    if (replaced.kind !== 'upsert') throw new Error('it is there');
    tell([{ kind: 'delete', key: replaced.key }]);
    expect(listeners()).toEqual([0]);
    tell([replaced]);
    expect(listeners()).toEqual([1]);
    expect(pipelines[0]?.proxies().map(({ envoyPid }) => envoyPid)).toEqual([1]);
    tell([{ kind: 'delete', key: replaced.key }]);
    tell([{ kind: 'delete', key: 'Gateway a' }]);
    expect(listeners()).toEqual([]);
    await untilRunning([]);
  });

  it.each<[string, ResourceBatch]>([
    ['without its certificate', [CLASS, secure()]],
    ['of a class without its EnvoyProxy', [TUNED, secure()]],
  ])('keeps the pods of an earlier controller, which serve nothing: one %s', async (_, first) => {
    await machine.controller().open('default/a');
    await machine.controller().open('default/gone');
    const tell = await start({ first, clock: IN_2020, proxies: 'pods' });
    await untilRunning(['default/a']);
    expect(listeners()).toEqual([0]);
    tell([pairOf2020(), TUNING]);
    expect(listeners()).toEqual([1]);
  });

  it.each<[string, (clock: ManualClock) => void]>([
    ['has what policies need', () => undefined],
    ['has waited for it', (clock) => clock.pass(10_000)],
  ])(
    'keeps the pods of an earlier controller, which serve nothing as soon as the one that starts %s',
    async (_, end) => {
      await machine.controller().open('default/a');
      await machine.controller().open('default/gone');
      const clock = manualClock();
      let pending = 1;
      const tell = await start({
        first: [CLASS, secure()],
        clock,
        proxies: 'pods',
        answering: waitingFor(() => pending, 10_000),
      });
      expect(listeners()).toEqual([]);
      expect(machine.running()).toEqual(['default/a', 'default/gone']);
      end(clock);
      if (clock.now() === 0) pending = 0;
      tell([]);
      expect(listeners()).toEqual([0]);
      await untilRunning(['default/a']);
    },
  );

  it('has its processes ended where they are of this machine', async () => {
    const tell = await start({ first: [CLASS, secure(), pairOf2020()], clock: IN_2020 });
    await untilRunning(['default/a']);
    tell([{ kind: 'delete', key: 'pair' }]);
    await untilRunning([]);
  });
});
