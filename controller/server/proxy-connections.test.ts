import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '#proto/load.ts';
import { type Authority, issue, type KeyPair, makeAuthority } from '../pki/authority.ts';
import { systemClock } from '../runtime/clock.ts';
import { encode } from '../xds/build/message.ts';
import { EMPTY_SNAPSHOT, xdsResource } from '../xds/snapshot.ts';
import { typeUrl } from '../xds/types.ts';
import { Publication } from './ads/publication.ts';
import { ModuleStore } from './agent/module-store.ts';
import { SidecarStates } from './agent/sidecar-states.ts';
import { ProxyConnections } from './proxy-connections.ts';
import { serveProxy } from './proxy-server.ts';

const SERVER = { kind: 'server', dnsNames: ['envoy-gateway'] } as const;
const log = pino({ level: 'silent' });

let authority: Authority;
let server: KeyPair;
let one: KeyPair;
let two: KeyPair;
beforeAll(async () => {
  const now = Date.now();
  authority = await makeAuthority(now);
  [server, one, two] = await Promise.all([
    issue(authority, SERVER, now),
    issue(authority, { kind: 'proxy', key: 'shop/one' }, now),
    issue(authority, { kind: 'proxy', key: 'shop/two' }, now),
  ]);
});

let door: ProxyConnections;
let port: number;
beforeEach(async () => {
  door = new ProxyConnections({ identity: { ...server, trusted: authority.trusted }, clock: systemClock, log });
  port = await door.listen(0, '127.0.0.1');
});
const clients: (() => void)[] = [];
afterEach(async () => {
  for (const close of clients.splice(0)) close();
  await door.close();
});

/** Serves a proxy with a snapshot that has one cluster of its name. */
function serve(key: string): void {
  const publication = new Publication({ rejected: () => undefined, settled: () => undefined });
  const modules = new ModuleStore({ load: async () => undefined, onReady: () => undefined, clock: systemClock });
  serveProxy({
    socket: door.socketOf(key),
    publication,
    modules,
    states: new SidecarStates(),
    unknownKey: () => undefined,
    clock: systemClock,
    log,
  });
  const cluster = xdsResource('cluster', key, encode('envoy.config.cluster.v3.Cluster', { name: key }));
  publication.publish({ ...EMPTY_SNAPSHOT, cluster: new Map([[key, cluster]]) });
}

const raw = (bytes: Buffer): Buffer => bytes;

/** Asks for all clusters as the proxy `claimed`; resolves with their names, rejects when the server lets nobody in. */
function clustersFor(
  pair: KeyPair | undefined,
  claimed: string,
  trusted = authority.trusted,
): Promise<readonly string[]> {
  const identity =
    pair === undefined
      ? credentials.createSsl(Buffer.from(trusted))
      : credentials.createSsl(Buffer.from(trusted), Buffer.from(pair.key), Buffer.from(pair.certificate));
  const client = new Client(`127.0.0.1:${port}`, identity, {
    'grpc.ssl_target_name_override': 'envoy-gateway',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  clients.push(() => client.close());
  const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
  const stream = client.makeBidiStreamRequest(path, raw, raw, new Metadata());
  const request = schema('envoy.service.discovery.v3.DeltaDiscoveryRequest');
  const init = { typeUrl: typeUrl('cluster'), node: { id: claimed, cluster: claimed } };
  stream.write(Buffer.from(toBinary(request, create(request, init))));
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (bytes: Buffer) => {
      const { resources } = fromBinary(schema('envoy.service.discovery.v3.DeltaDiscoveryResponse'), bytes);
      resolve(resources.map(({ name }) => name));
      stream.cancel();
    });
  });
}

describe('a client of the controller in a cluster', () => {
  it('gets the proxy that its certificate names, whatever node it says it is', async () => {
    serve('shop/one');
    serve('shop/two');
    expect(await clustersFor(one, 'shop/one')).toEqual(['shop/one']);
    expect(await clustersFor(two, 'shop/one')).toEqual(['shop/two']);
  });

  it('that comes before its proxy is served waits for it', async () => {
    const early = clustersFor(one, 'shop/one');
    // Another is served meanwhile, and nobody takes the one for the other.
    serve('shop/two');
    expect(await clustersFor(two, 'shop/two')).toEqual(['shop/two']);
    serve('shop/one');
    expect(await early).toEqual(['shop/one']);
  });

  it.each([
    ['no certificate', async () => undefined],
    [
      'one of another authority',
      async () => {
        const other = await makeAuthority(Date.now());
        return issue(other, { kind: 'proxy', key: 'shop/one' }, Date.now());
      },
    ],
    ['one that has expired', () => issue(authority, { kind: 'proxy', key: 'shop/one' }, Date.now() - 3_600_000, 1_000)],
    ['that of a server', () => issue(authority, SERVER, Date.now())],
    [
      'one that names another key in quotes',
      () => issue(authority, { kind: 'proxy', key: 'shop/one, URI:spiffe://sluice/proxy/shop/two' }, Date.now()),
    ],
  ] as const satisfies readonly (readonly [string, () => Promise<KeyPair | undefined>])[])(
    'with %s gets nothing',
    async (_, pair) => {
      serve('shop/one');
      await expect(clustersFor(await pair(), 'shop/one')).rejects.toThrow('UNAVAILABLE');
      expect(await clustersFor(one, 'shop/one')).toEqual(['shop/one']);
    },
  );

  it('does not trust a controller of another authority', async () => {
    serve('shop/one');
    const other = await makeAuthority(Date.now());
    await expect(clustersFor(one, 'shop/one', other.trusted)).rejects.toThrow('UNAVAILABLE');
  });

  it('is let in by a new certificate of a new authority, and by an old one of the old, as soon as the door is renewed', async () => {
    serve('shop/one');
    const now = Date.now();
    const next = await makeAuthority(now, authority);
    const renewed = await issue(next, { kind: 'proxy', key: 'shop/one' }, now);
    await expect(clustersFor(renewed, 'shop/one', next.trusted)).rejects.toThrow('UNAVAILABLE');
    door.renew({ ...(await issue(next, SERVER, now)), trusted: next.trusted });
    expect(await clustersFor(renewed, 'shop/one', next.trusted)).toEqual(['shop/one']);
    expect(await clustersFor(one, 'shop/one', next.trusted)).toEqual(['shop/one']);
  });
});
