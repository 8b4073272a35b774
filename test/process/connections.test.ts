import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTcp, startUdp, type StreamBackEnd } from '../streams/back-ends.ts';
import { open, say, send } from '../streams/talk.ts';
import { CLASS } from './manifests.ts';
import { freePort, Site, until } from './sluice.ts';

let site: Site;
let port: number;
const backEnds = new Map<string, StreamBackEnd>();

const document = (one: object): string => `---\n${JSON.stringify(one)}\n`;

function route(kind: string, name: string): string {
  const backendRefs = [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name }];
  const spec = {
    parentRefs: [{ name: 'shop', sectionName: kind.slice(0, 3).toLowerCase() }],
    rules: [{ backendRefs }],
  };
  return document({ apiVersion: 'gateway.networking.k8s.io/v1', kind, metadata: { name: 'route' }, spec });
}

function backend(name: string): string {
  const endpoints = [{ ip: { address: '127.0.0.1', port: backEnds.get(name)?.port ?? 0 } }];
  return document({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'Backend',
    metadata: { name },
    spec: { endpoints },
  });
}

beforeAll(async () => {
  for (const name of ['one', 'two']) backEnds.set(name, await startTcp(name));
  backEnds.set('udp', await startUdp('udp'));
  port = await freePort();
  const listeners = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port }));
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'shop' },
    spec: { gatewayClassName: 'sluice', listeners },
  };
  site = await Site.make({
    'gateway.yaml': CLASS + document(gateway),
    'back-ends.yaml': ['one', 'two', 'udp'].map(backend).join(''),
    'tcp.yaml': route('TCPRoute', 'one'),
    'udp.yaml': route('UDPRoute', 'udp'),
  });
  await site.start();
});

afterAll(async () => {
  await site.destroy();
  for (const backEnd of backEnds.values()) await backEnd.stop();
});

/** Whether every new connection, one after the other, is served until the returned function is called. */
function steadyConnections(): () => Promise<readonly string[]> {
  const bad: string[] = [];
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const answer = await say(port, 'x');
      if (!/^(?:one|two): x$/u.test(answer)) bad.push(answer);
      await sleep(2);
    }
  })();
  return async () => {
    stop.abort();
    await loop;
    return bad;
  };
}

describe('connections and datagrams', () => {
  it('are passed on by one port number', async () => {
    expect(await say(port, 'hello')).toBe('one: hello');
    expect(await send(port, 'hello')).toBe('udp: hello');
  });

  it('stay, and none is refused, while back-ends change again and again', async () => {
    const connection = open(port);
    expect(await connection.say('before')).toBe('one: before');
    const stop = steadyConnections();
    for (const name of ['two', 'one', 'two', 'one', 'two']) {
      site.write('tcp.yaml', route('TCPRoute', name));
      await until(`${name} is led to`, async () => (await say(port, 'x')) === `${name}: x`);
    }
    // Longer than what the old route led to is kept.
    await sleep(1_500);
    expect(await stop()).toEqual([]);
    expect(await connection.say('after')).toBe('one: after');
    connection.close();
  });

  it('stay when the controller is killed, and new ones are served with none', async () => {
    const connection = open(port);
    expect(await connection.say('before')).toBe('two: before');
    site.signal('SIGKILL');
    await site.ended();
    expect(await connection.say('without')).toBe('two: without');
    expect(await say(port, 'new')).toBe('two: new');
    expect(await send(port, 'new')).toBe('udp: new');
    await site.start();
    expect(await connection.say('again')).toBe('two: again');
    connection.close();
  });

  it('are closed when their route goes, and served again when it comes back', async () => {
    site.remove('tcp.yaml');
    await until('nothing is served', async () => (await say(port, 'x')) === 'closed');
    expect(await send(port, 'x')).toBe('udp: x');
    site.write('tcp.yaml', route('TCPRoute', 'one'));
    await until('one is led to', async () => (await say(port, 'x')) === 'one: x');
  });
});
