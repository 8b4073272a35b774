import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/gateway-site.ts';
import { becomes, isEverywhere } from './answers.ts';
import { clusterGateway, COPIES, proxySettings, serviceOf } from './cluster-manifests.ts';
import { type ClusterWorld, proxyProcesses } from './cluster-world.ts';
import { untilEndpointsFollow } from './endpoints-follow.ts';
import { policyOf, routeOf } from './manifests.ts';
import { edit, isOdd, letterOf, routeChanges } from './route-changes.ts';
import type { Change } from './soak.ts';
import { FOREVER } from './world.ts';

/** What is done to a site on a cluster, again and again; the API server is away for `outage` milliseconds. */
export function clusterChanges(world: ClusterWorld, outage: number): readonly Change[] {
  return [
    ...endingControllers(world),
    ...endingProxies(world),
    withoutApiServer(world, outage),
    ...ofObjects(world),
    ...routeChanges(world),
  ];
}

function endingControllers(world: ClusterWorld): readonly Change[] {
  const { site, http } = world;
  const { cluster, app, system } = site;
  return [
    {
      name: 'a controller killed; a route edited',
      ends: true,
      make: async (round) => {
        const victim = site.controllers()[round % COPIES] ?? 0;
        process.kill(victim, 'SIGKILL');
        await edit(world, round);
        await becomes(http, '/edited', { body: letterOf(round) });
        await until('another runs', () => {
          const now = site.controllers();
          return Promise.resolve(now.length === COPIES && !now.includes(victim));
        });
        await site.rolledOut('envoy-gateway', system);
      },
    },
    {
      name: 'the pod of the leader gone; a route edited, its status written',
      ends: true,
      make: async (round) => {
        await until('somebody leads', async () => (await site.leader()) !== '');
        const first = await site.leader();
        const [pod = ''] = first.split('_');
        await cluster.kubectl('delete', 'pod', '-n', system, pod, '--grace-period=0', '--force');
        await edit(world, round);
        await becomes(http, '/edited', { body: letterOf(round) });
        await until('another leads', async () => ![first, ''].includes(await site.leader()));
        await untilStatusOf('edited');
        await site.rolledOut('envoy-gateway', system);
      },
    },
    {
      name: 'the controllers rolled out; a route edited',
      ends: true,
      make: async (round) => {
        await cluster.kubectl('rollout', 'restart', 'deployment/envoy-gateway', '-n', system);
        await edit(world, round);
        await site.rolledOut('envoy-gateway', system);
        await becomes(http, '/edited', { body: letterOf(round) });
      },
    },
  ];

  /** Waits until the status of a route is about the route as it is. */
  async function untilStatusOf(route: string): Promise<void> {
    const path = '{.metadata.generation} {.status.parents[0].conditions[?(@.type=="Accepted")].observedGeneration}';
    await until(`the status of ${route} is written`, async () => {
      const flags = ['-n', app, '-o', `jsonpath=${path}`];
      const [wanted, seen] = (await cluster.kubectl('get', 'httproute', route, ...flags)).split(' ');
      return wanted === seen;
    });
  }
}

function endingProxies(world: ClusterWorld): readonly Change[] {
  const { site, http, keys, put, proxy } = world;
  return [
    {
      name: 'the proxies rolled out',
      ends: true,
      make: async (round) => {
        const before = await pods();
        await put('settings', [proxySettings(`round-${round}`)]);
        await until('all are others', async () => (await haveCome()) && (await areGone(before)));
      },
    },
    {
      name: 'the pod of a proxy deleted',
      ends: true,
      make: async () => {
        const [first = ''] = await pods();
        await site.cluster.kubectl('delete', 'pod', '-n', site.system, first, '--wait=false');
        await until('another is in its place', async () => (await haveCome()) && (await areGone([first])));
      },
    },
    {
      name: 'the sidecar of a proxy killed',
      ends: true,
      takes: 'sidecar',
      make: async (round) => {
        const before = proxyProcesses(proxy, 'sidecar')[round % COPIES] ?? 0;
        process.kill(before, 'SIGKILL');
        await until('another runs, and its pod is ready', async () => {
          const now = proxyProcesses(proxy, 'sidecar');
          return now.length === COPIES && !now.includes(before) && (await haveCome());
        });
        await isEverywhere(http, '/limited', 200);
        await isEverywhere(http, '/login', 302);
        await becomes(http, '/signed', { status: 200 }, keys.sidecar.token({ sub: `after-${round}`, ...FOREVER }));
      },
    },
  ];

  async function pods(): Promise<readonly string[]> {
    return [...(await site.readinessOf('shop')).keys()];
  }

  /** Whether there are as many pods as there are to be, and all of them are ready. */
  async function haveCome(): Promise<boolean> {
    const ready = [...(await site.readinessOf('shop')).values()];
    return ready.length === COPIES && ready.every((one) => one);
  }

  async function areGone(before: readonly string[]): Promise<boolean> {
    const now = await pods();
    return before.every((name) => !now.includes(name));
  }
}

function withoutApiServer(world: ClusterWorld, outage: number): Change {
  const { controlPlane } = world.cluster;
  return {
    name: `the API server away for ${Math.round(outage / 1_000)} s; a route edited`,
    ends: false,
    takes: 'API server',
    make: async (round) => {
      await controlPlane.stopApiServer();
      try {
        await sleep(outage);
      } finally {
        await controlPlane.startApiServer();
      }
      await edit(world, round);
      await becomes(world.http, '/edited', { body: letterOf(round) });
    },
    settle: (round) => untilEndpointsFollow(world, round),
  };
}

function ofObjects({ site, http, put, remove, to }: ClusterWorld): readonly Change[] {
  const { cluster, app } = site;
  return [
    {
      name: 'endpoints changed',
      ends: false,
      make: async (round) => {
        await put('endpoints', [serviceOf('app', letterOf(round))]);
        await becomes(http, '/app', { body: letterOf(round) });
      },
    },
    {
      name: 'the pods of a back-end replaced',
      ends: false,
      make: async (round) => {
        await cluster.kubectl('rollout', 'restart', `deployment/${letterOf(round)}`, '-n', app);
        await site.rolledOut(letterOf(round), app);
      },
    },
    {
      name: 'a Gateway added, removed',
      ends: false,
      make: async (round) => {
        if (isOdd(round)) {
          await put('other', [clusterGateway(site, 'other'), routeOf('elsewhere', to('b'), 'other', '/')]);
          await becomes({ address: await site.addressOf('other'), port: 80 }, '/', { body: 'b' });
        } else {
          await remove('other');
          await until('its pods are gone', async () => (await site.podsOf('other')).size === 0);
        }
      },
    },
    {
      name: 'a policy that cannot be in force added, removed',
      ends: false,
      make: async (round) => {
        const policy = policyOf('SecurityPolicy', 'broken', { basicAuth: { users: { name: 'nowhere' } } });
        await (isOdd(round) ? put('broken', [policy, routeOf('broken', to('a'))]) : remove('broken'));
        await becomes(http, '/broken', { status: isOdd(round) ? 500 : 404 });
      },
    },
  ];
}
