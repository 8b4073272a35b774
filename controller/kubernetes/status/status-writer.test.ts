import { afterEach, describe, expect, it } from 'vitest';
import type { HTTPRoute } from '#controller/api/gen/types.d.ts';
import { validate } from '#controller/api/validate.ts';
import { systemClock } from '#controller/runtime/clock.ts';
import type { ObjectStatus } from '#controller/status/object-status.ts';
import { Reflector } from '../reflector.ts';
import { metadataOf } from '../testing/object-store.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../testing/scripted-api-server.ts';
import { statusKey } from './status-book.ts';
import { StatusWriter } from './status-writer.ts';

const US = 'example.com/us';
const ROUTES = { group: 'gateway.networking.k8s.io', versions: ['v1'], plural: 'httproutes', kind: 'HTTPRoute' };
const TABLE = 'gateway.networking.k8s.io/httproutes';
const GATEWAY = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };

function route(name: string): HTTPRoute {
  const document = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name }, spec: {} };
  const result = validate('HTTPRoute', document);
  if (!result.ok) throw new Error('an invalid route');
  return result.value;
}

type Said = { readonly status: 'True' | 'False'; readonly reason: string; readonly message?: string };

function statusOf(object: HTTPRoute, { status, reason, message = '' }: Said): ObjectStatus {
  const ref = { group: GATEWAY.group, kind: GATEWAY.kind, name: GATEWAY.name };
  return { kind: 'route', object, parents: [{ ref, verdicts: [{ type: 'Accepted', status, reason, message }] }] };
}

const FINE: Said = { status: 'True', reason: 'Accepted' };

describe('a status writer', () => {
  let api: ScriptedApiServer | undefined;
  const undo: (() => void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0)) step();
    await api?.close();
  });

  async function begin(names: readonly string[], rate = { qps: 10_000, burst: 10_000 }) {
    const server = await scriptedApiServer([ROUTES]);
    api = server;
    for (const name of names) server.store.put(TABLE, { metadata: { namespace: 'default', name }, spec: {} });
    const said = new Map<string, ObjectStatus>();
    /** What the writer has been told of the API's objects: their statuses, by name. */
    const heard = new Map<string, unknown>();
    const turned: string[] = [];
    const failures: string[] = [];
    const writer = new StatusWriter({
      server: server.client(),
      controllerName: US,
      statuses: () => [...said.values()],
      clock: systemClock,
      random: () => 0,
      rate,
      turned: ({ name }, reason, message) => turned.push(`${name} ${reason} ${message}`),
      failed: (what, message) => failures.push(`${what}: ${message}`),
    });
    const reflector = new Reflector({
      ...ROUTES,
      server: server.client(),
      mayBeAbsent: false,
      clock: systemClock,
      random: () => 0,
      health: { fine: () => undefined, failed: () => undefined },
      reflection: {
        upsert: (object, listed) => {
          writer.book.take(object, listed);
          heard.set(object.metadata.name, object['status']);
        },
        delete: ({ apiVersion, kind, metadata }) => writer.book.delete(statusKey(apiVersion, kind, metadata)),
        listed: (seen) => writer.book.keepOnly('HTTPRoute', undefined, seen),
      },
    });
    undo.push(
      () => writer.stop(),
      () => reflector.stop(),
    );
    reflector.start();
    await reflector.synced;
    const say = (name: string, what: Said): void => {
      said.set(name, statusOf(route(name), what));
      writer.look();
    };
    const status = (name: string): unknown => server.store.get(TABLE, 'default', name)?.['status'];
    const writes = () =>
      server.calls.filter(({ verb, resource }) => verb === 'patch' && resource === 'httproutes/status');
    return { server, writer, said, heard, say, status, turned, failures, writes };
  }

  const put = (server: ScriptedApiServer, name: string, status: unknown) => {
    const object = server.store.get(TABLE, 'default', name) ?? {};
    server.store.put(TABLE, { ...object, status });
  };
  const rest = () =>
    new Promise((resolve) => {
      setTimeout(resolve, 150);
    });

  it('writes what is said, once, and nothing while it does not lead', async () => {
    const { writer, say, status, writes } = await begin(['a']);
    say('a', FINE);
    await rest();
    expect(writes()).toEqual([]);
    writer.lead(true);
    await expect
      .poll(() => status('a'))
      .toMatchObject({
        parents: [
          {
            controllerName: US,
            parentRef: GATEWAY,
            conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', observedGeneration: 1 }],
          },
        ],
      });
    say('a', FINE);
    await rest();
    expect(writes()).toHaveLength(1);
    writer.lead(false);
    say('a', { status: 'False', reason: 'NoMatchingParent' });
    await rest();
    expect(writes()).toHaveLength(1);
  });

  it('leaves alone what an earlier leader wrote already', async () => {
    const { server, writer, heard, say, writes } = await begin(['a']);
    const conditions = [
      {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: '',
        observedGeneration: 1,
        lastTransitionTime: 'x',
      },
    ];
    put(server, 'a', { parents: [{ parentRef: GATEWAY, controllerName: US, conditions }] });
    await expect.poll(() => heard.get('a')).toBeDefined();
    say('a', FINE);
    writer.lead(true);
    await rest();
    expect(writes()).toEqual([]);
  });

  it('makes a write that was refused for a conflict anew, and keeps what the other wrote', async () => {
    const { server, writer, say, status, writes } = await begin(['a']);
    const theirs = { parentRef: GATEWAY, controllerName: 'example.com/others', conditions: [] };
    let isFirst = true;
    server.script.refuse = ({ verb }) => {
      if (verb !== 'patch' || !isFirst) return undefined;
      isFirst = false;
      put(server, 'a', { parents: [theirs] });
      return 409;
    };
    say('a', FINE);
    writer.lead(true);
    await expect.poll(() => status('a')).toMatchObject({ parents: [theirs, { controllerName: US }] });
    expect(writes()).toHaveLength(2);
  });

  it('removes its entries from what nothing is said of any more, those of an earlier leader too', async () => {
    const { server, writer, said, heard, say, status } = await begin(['a', 'old', 'foreign']);
    const entry = (controllerName: string) => ({ parents: [{ parentRef: GATEWAY, controllerName, conditions: [] }] });
    put(server, 'old', entry(US));
    put(server, 'foreign', entry('example.com/others'));
    await expect.poll(() => [heard.get('old'), heard.get('foreign')]).not.toContain(undefined);
    say('a', FINE);
    writer.lead(true);
    await expect.poll(() => status('old')).toEqual({ parents: [] });
    await expect.poll(() => status('a')).toMatchObject({ parents: [{ controllerName: US }] });
    said.delete('a');
    writer.look();
    await expect.poll(() => status('a')).toEqual({ parents: [] });
    expect(status('foreign')).toEqual(entry('example.com/others'));
  });

  it('puts right what somebody else wrote over', async () => {
    const { server, writer, say, status } = await begin(['a']);
    say('a', FINE);
    writer.lead(true);
    await expect.poll(() => status('a')).toMatchObject({ parents: [{ controllerName: US }] });
    put(server, 'a', { parents: [] });
    await expect.poll(() => status('a')).toMatchObject({ parents: [{ controllerName: US }] });
  });

  it('tries again what the server could not take, and not again what it never will', async () => {
    const { server, writer, say, status, failures, writes } = await begin(['a', 'b']);
    let left = 2;
    server.script.refuse = ({ verb, name }) => {
      if (verb !== 'patch') return undefined;
      if (name === 'b') return 422;
      left -= 1;
      return left >= 0 ? 503 : undefined;
    };
    say('a', FINE);
    say('b', FINE);
    writer.lead(true);
    await expect.poll(() => status('a')).toMatchObject({ parents: [{ controllerName: US }] });
    expect(writes().filter(({ name }) => name === 'b')).toHaveLength(1);
    expect(failures.join()).toContain('status of HTTPRoute default/a: 503');
  });

  it('leaves a server alone that is in trouble, for as long as it asks, and writes everything at last', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `r${index}`);
    const { server, writer, say, status, writes } = await begin(names);
    let isBusy = true;
    server.script.refuse = ({ verb }) => (verb === 'patch' && isBusy ? { status: 429, retryAfter: 6 } : undefined);
    for (const name of names) say(name, FINE);
    writer.lead(true);
    await expect.poll(() => writes().length).toBeGreaterThan(0);
    await rest();
    await rest();
    expect(writes().length).toBeLessThanOrEqual(8);
    isBusy = false;
    await expect.poll(() => names.every((name) => status(name) !== undefined)).toBe(true);
    expect(writes().length).toBeLessThan(200 + 32);
  });

  it('writes everything else at once where it lacks a right for some', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `r${index}`);
    const { server, writer, say, status } = await begin(names);
    const isForbidden = (name: string | undefined): boolean => Number(name?.slice(1)) % 10 !== 0;
    server.script.refuse = ({ verb, name }) => (verb === 'patch' && isForbidden(name) ? 403 : undefined);
    for (const name of names) say(name, FINE);
    writer.lead(true);
    const others = names.filter((name) => !isForbidden(name));
    await expect.poll(() => others.every((name) => status(name) !== undefined)).toBe(true);
  });

  it('tells what turned bad when that is written', async () => {
    const { writer, say, turned, status } = await begin(['a']);
    say('a', { status: 'False', reason: 'NoMatchingParent', message: 'there is no such listener' });
    writer.lead(true);
    await expect.poll(() => turned).toEqual(['a NoMatchingParent Accepted: there is no such listener']);
    say('a', FINE);
    await expect.poll(() => JSON.stringify(status('a'))).toContain('"True"');
    expect(turned).toHaveLength(1);
  });

  it('writes each of many objects once, at the rate that it is given', async () => {
    const names = Array.from({ length: 400 }, (_, index) => `r${index}`);
    const { server, writer, say, status, writes } = await begin(names, { qps: 1_000, burst: 50 });
    for (const name of names) say(name, FINE);
    const began = Date.now();
    writer.lead(true);
    await expect.poll(() => names.every((name) => status(name) !== undefined)).toBe(true);
    expect(Date.now() - began).toBeGreaterThan(300);
    await rest();
    expect(writes()).toHaveLength(400);
    expect(server.calls.filter(({ verb }) => verb === 'get')).toEqual([]);
    expect(metadataOf(server.store.get(TABLE, 'default', 'r0') ?? {})['generation']).toBe(1);
  });

  it('asks for nothing twice that a server answers with something else', async () => {
    const { server, writer, say, writes } = await begin(['a']);
    server.script.seen = ({ verb, resource }) => {
      // A webhook that takes away what is written.
      if (verb === 'patch' && resource === 'httproutes/status' && writes().length < 20)
        put(server, 'a', { parents: [] });
    };
    say('a', FINE);
    writer.lead(true);
    await rest();
    await rest();
    await rest();
    expect(writes().length).toBeLessThan(6);
  });
});
