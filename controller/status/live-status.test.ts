import { describe, expect, it } from 'vitest';
import { validate } from '#controller/api/validate.ts';
import { type LiveProxy, liveStatus, type RejectedResource } from './live-status.ts';
import type { ListenerReport, ObjectStatus } from './object-status.ts';

function gatewayStatus(): ObjectStatus {
  const result = validate('Gateway', {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'shop' },
    spec: {
      gatewayClassName: 'sluice',
      listeners: [
        { name: 'http', protocol: 'HTTP', port: 80 },
        { name: 'also', protocol: 'HTTP', port: 80, hostname: 'also.example' },
        { name: 'other', protocol: 'HTTP', port: 81 },
      ],
    },
  });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  const verdict = { type: 'Programmed', status: 'True', reason: 'Programmed', message: '' } as const;
  const report = (name: string): ListenerReport => ({
    name,
    xdsName: `default/shop/${name}`,
    port: name === 'other' ? 81 : 80,
    transport: 'TCP',
    supportedKinds: [],
    attachedRoutes: 0,
    verdicts: [verdict],
  });
  return {
    kind: 'gateway',
    object: result.value,
    verdicts: [verdict],
    proxy: 'default/shop',
    addresses: [],
    attachedListenerSets: 0,
    listeners: ['http', 'also', 'other'].map(report),
  };
}

const PROXY: LiveProxy = {
  key: 'default/shop',
  sockets: [
    {
      name: 'default/shop/http',
      transport: 'TCP',
      port: 80,
      chains: [{ name: 'default/shop/http', certificates: [] }],
    },
    {
      name: 'default/shop/other',
      transport: 'TCP',
      port: 81,
      chains: [{ name: 'default/shop/other', certificates: ['default/cert'] }],
    },
  ],
  ready: true,
  rejected: [],
  rejectedRoutes: [],
  deployed: undefined,
};

/** "<gateway> | <listener> <listener> <listener>" in words of condition Programmed. */
function programmed(proxy: LiveProxy): string {
  const [status] = liveStatus([gatewayStatus()], [proxy]);
  if (status?.kind !== 'gateway') throw new Error('no Gateway');
  const listeners = status.listeners.map(({ verdicts }) => verdicts[0]?.reason);
  return `${status.verdicts[0]?.reason} | ${listeners.join(' ')}`;
}

describe('a Gateway whose proxy', () => {
  it('has acknowledged everything is programmed', () => {
    expect(programmed(PROXY)).toBe('Programmed | Programmed Programmed Programmed');
  });

  it('has acknowledged nothing yet is pending', () => {
    expect(programmed({ ...PROXY, ready: false })).toBe('Pending | Pending Pending Pending');
  });

  it('has acknowledged nothing here is programmed all the same where copies of it can take requests', () => {
    const deployed = { addresses: [{ type: 'IPAddress', value: '10.0.0.1' }], problem: undefined } as const;
    const serving = { ...deployed, replicas: { available: 1, wanted: 2 } };
    const waiting = { ...deployed, replicas: { available: 0, wanted: 2 } };
    expect(programmed({ ...PROXY, ready: false, deployed: serving })).toBe(
      'Programmed | Programmed Programmed Programmed',
    );
    expect(programmed({ ...PROXY, ready: false, deployed: waiting })).toBe('NoResources | Pending Pending Pending');
  });

  it('asks for an address that its load balancer has not given is not programmed, though copies can take requests', () => {
    const deployed = { addresses: [{ type: 'IPAddress', value: '10.0.0.1' }], problem: undefined } as const;
    const serving = { ...deployed, unusable: ['10.0.0.1'], replicas: { available: 1, wanted: 1 } };
    expect(programmed({ ...PROXY, deployed: serving })).toBe('AddressNotUsable | Programmed Programmed Programmed');
  });

  it('is to run a policy module that nobody has is not programmed, but its listeners are', () => {
    const proxy = { ...PROXY, missingModule: 'sha256:0f' };
    expect(programmed(proxy)).toBe('Invalid | Programmed Programmed Programmed');
    expect(liveStatus([gatewayStatus()], [proxy])).toMatchObject([
      { verdicts: [{ message: expect.stringContaining('the policy module sha256:0f cannot be had') }] },
    ]);
  });

  it('rejects a socket is not programmed, and no listener of that socket is', () => {
    const rejected = [{ type: 'listener', name: 'default/shop/http', message: 'no', policies: [] }] as const;
    expect(programmed({ ...PROXY, rejected })).toBe('Invalid | Invalid Invalid Programmed');
  });

  it.each(['', '#0123abcd'])(
    'rejects where connections of a listener go is not programmed, and another listener of that port is%s',
    (rules) => {
      const chains = [
        { name: 'default/shop/http/tlsroute/default/a', certificates: [] },
        { name: 'default/shop/also/tlsroute/default/a', certificates: [] },
      ];
      const sockets = [{ name: 'default/shop/http', transport: 'TCP', port: 80, chains }] as const;
      const name = `sluice.stream/default/shop/also/tlsroute/default/a${rules}`;
      const rejected = [{ type: 'extension-config', name, message: 'bad', policies: [] }];
      expect(programmed({ ...PROXY, sockets, rejected })).toBe('Invalid | Programmed Invalid Programmed');
    },
  );

  it('rejects a socket of UDP says nothing of the one of TCP on the same port', () => {
    const name = 'default/shop/udp';
    const sockets = [
      ...PROXY.sockets,
      { name, transport: 'UDP', port: 80, chains: [{ name, certificates: [] }] },
    ] as const;
    const rejected = [{ type: 'listener', name, message: 'bad', policies: [] }];
    expect(programmed({ ...PROXY, sockets, rejected })).toBe('Programmed | Programmed Programmed Programmed');
  });

  it('rejects a cluster is not programmed, with Envoy’s words', () => {
    const rejected = [{ type: 'cluster', name: 'c', message: 'bad cluster', policies: [] }] as const;
    expect(programmed({ ...PROXY, rejected })).toBe('Invalid | Programmed Programmed Programmed');
    const [status] = liveStatus([gatewayStatus()], [{ ...PROXY, rejected }]);
    expect(JSON.stringify(status)).toContain('the proxy rejected cluster c: bad cluster');
  });

  it('rejects a Secret is not programmed, nor is the listener that has it', () => {
    const rejected = [{ type: 'secret', name: 'default/cert', message: 'bad key', policies: [] }] as const;
    expect(programmed({ ...PROXY, rejected })).toBe('Invalid | Programmed Programmed Invalid');
    // One that no listener has, of a back-end say, must not go without a word.
    const elsewhere = [{ ...rejected[0], name: 'default/other' }];
    expect(programmed({ ...PROXY, rejected: elsewhere })).toBe('Invalid | Programmed Programmed Programmed');
  });

  it('is another one says nothing', () => {
    expect(programmed({ ...PROXY, key: 'another', ready: false })).toBe(
      'Programmed | Programmed Programmed Programmed',
    );
  });
});

describe('what a proxy rejects is told where it was caused', () => {
  function objectOf<K extends 'HTTPRoute' | 'Backend' | 'EnvoyExtensionPolicy' | 'EnvoyPatchPolicy'>(
    kind: K,
    apiVersion: string,
    spec: object,
  ) {
    const result = validate(kind, { apiVersion, kind, metadata: { name: 'shop' }, spec });
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    return result.value;
  }

  it('on the route, to each of its parents', () => {
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const object = objectOf('HTTPRoute', 'gateway.networking.k8s.io/v1', { rules: [{}] });
    const status: ObjectStatus = { kind: 'route', object, parents: [{ ref, verdicts: [] }] };
    const rejectedRoutes = [{ name: 'httproute/default/shop/rule/0/match/0/*', message: 'bad route' }];
    const [live] = liveStatus([status], [{ ...PROXY, rejectedRoutes }]);
    expect(live).toMatchObject({
      parents: [{ verdicts: [{ type: 'Programmed', status: 'False', message: expect.stringContaining('bad route') }] }],
    });
    const other = [{ name: 'httproute/default/shopping/rule/0/match/0/*', message: 'bad route' }];
    expect(liveStatus([status], [{ ...PROXY, rejectedRoutes: other }])).toEqual([status]);
  });

  it('on the route, which says whether it serves', () => {
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const object = objectOf('HTTPRoute', 'gateway.networking.k8s.io/v1', { rules: [{}] });
    const status: ObjectStatus = { kind: 'route', object, parents: [{ ref, verdicts: [] }] };
    const held = { name: 'httproute/default/shop/rule/0/match/0/*', because: 'cluster c', message: 'bad' };
    const told = (rejectedRoutes: LiveProxy['rejectedRoutes'], words: string): void =>
      expect(liveStatus([status], [{ ...PROXY, rejectedRoutes }])).toMatchObject([
        { parents: [{ verdicts: [{ status: 'False', message: expect.stringContaining(words) }] }] },
      ]);
    told([held], 'cluster c, and httproute/default/shop/rule/0/match/0/* stays as it was');
    told([{ ...held, isClosed: true }], 'cluster c, and httproute/default/shop/rule/0/match/0/* answers 500');
  });

  it('on the Backend whose cluster it is', () => {
    const endpoints = [{ ip: { address: '127.0.0.1', port: 1 } }];
    const object = objectOf('Backend', 'gateway.envoyproxy.io/v1alpha1', { endpoints });
    const status: ObjectStatus = { kind: 'conditions', object, verdicts: [] };
    const rejected = [
      { type: 'cluster', name: 'backend/default/shop-12345678', message: 'bad cluster', policies: [] },
    ] as const;
    const [live] = liveStatus([status], [{ ...PROXY, rejected }]);
    expect(live).toMatchObject({ verdicts: [{ status: 'False', message: expect.stringContaining('bad cluster') }] });
  });

  it('on the Backend whose addresses they are, and on the routes that lead to them', () => {
    const endpoints = [{ ip: { address: '127.0.0.1', port: 1 } }];
    const backend = objectOf('Backend', 'gateway.envoyproxy.io/v1alpha1', { endpoints });
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const route = objectOf('HTTPRoute', 'gateway.networking.k8s.io/v1', { rules: [{}] });
    const statuses: readonly ObjectStatus[] = [
      { kind: 'conditions', object: backend, verdicts: [] },
      { kind: 'route', object: route, parents: [{ ref, verdicts: [] }] },
    ];
    const name = 'backend/default/shop-12345678';
    const live = liveStatus(statuses, [
      {
        ...PROXY,
        rejected: [{ type: 'endpoint', name, message: 'bad address', policies: [] }],
        rejectedRoutes: [
          { name: 'httproute/default/shop/rule/0/match/0/*', because: `endpoint ${name}`, message: 'bad address' },
        ],
      },
    ]);
    const words = { type: 'Programmed', status: 'False', message: expect.stringContaining('bad address') };
    expect(live).toMatchObject([{ verdicts: [words] }, { parents: [{ verdicts: [words] }] }]);
  });

  it('on the EnvoyPatchPolicy that patches it, with what becomes of policies there', () => {
    const object = objectOf('EnvoyPatchPolicy', 'gateway.envoyproxy.io/v1alpha1', {
      type: 'JSONPatch',
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
    });
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const good = { type: 'Programmed', status: 'True', reason: 'Programmed', message: '' } as const;
    const status: ObjectStatus = { kind: 'policy', object, ancestors: [{ ref, verdicts: [good] }] };
    const told = (type: string, more: Partial<RejectedResource> = {}): string => {
      const rejected = [{ type, name: 'x', message: 'bad', policies: ['default/shop'], ...more }];
      const [live] = liveStatus([status], [{ ...PROXY, rejected }]);
      return live?.kind === 'policy' ? (live.ancestors[0]?.verdicts[0]?.message ?? '') : '';
    };
    expect(told('virtual-host')).toContain('stays as it was, with the policies that it had');
    expect(told('virtual-host', { instead: 'earlier patches' })).toMatch(
      /those that it was served with last, if any$/u,
    );
    expect(told('virtual-host', { instead: 'error' })).toMatch(/answers 500$/u);
    expect(told('cluster')).toMatch(/stays as it was$/u);
  });

  it("on the EnvoyExtensionPolicy whose filter it is, and not on the Gateway: the proxy's other routes are served", () => {
    const object = objectOf('EnvoyExtensionPolicy', 'gateway.envoyproxy.io/v1alpha1', {
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
    });
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const status: ObjectStatus = { kind: 'policy', object, ancestors: [{ ref, verdicts: [] }] };
    const rejecting = (name: string): LiveProxy => ({
      ...PROXY,
      rejected: [{ type: 'extension-config', name, message: 'bad module', policies: [] }],
    });
    const verdict = { type: 'Programmed', status: 'False', message: expect.stringContaining('bad module') };
    const own = rejecting(`sluice.wasm/default/${object.metadata.name}/0`);
    expect(liveStatus([status], [own])).toMatchObject([{ ancestors: [{ verdicts: [verdict] }] }]);
    expect(liveStatus([status], [rejecting('sluice.wasm/default/another/0')])).toEqual([status]);
    expect(programmed(own)).toBe('Programmed | Programmed Programmed Programmed');
  });

  it('on the EnvoyPatchPolicy that patches it', () => {
    const object = objectOf('EnvoyPatchPolicy', 'gateway.envoyproxy.io/v1alpha1', {
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
      type: 'JSONPatch',
      jsonPatches: [],
    });
    const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
    const verdict = { type: 'Programmed', status: 'True', reason: 'Programmed', message: '' } as const;
    const status: ObjectStatus = { kind: 'policy', object, ancestors: [{ ref, verdicts: [verdict] }] };
    const one = { type: 'cluster', name: 'c', message: 'bad cluster' } as const;
    const [live] = liveStatus([status], [{ ...PROXY, rejected: [{ ...one, policies: ['default/shop'] }] }]);
    expect(live).toMatchObject({
      ancestors: [
        { verdicts: [{ status: 'False', reason: 'Invalid', message: expect.stringContaining('bad cluster') }] },
      ],
    });
    expect(liveStatus([status], [{ ...PROXY, rejected: [{ ...one, policies: [] }] }])).toEqual([status]);
  });
});
