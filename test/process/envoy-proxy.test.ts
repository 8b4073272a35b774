import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '#controller/infra/local/process-record.ts';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { sendSteadily } from '../cluster/steady-traffic.ts';
import { freePort, Site, until } from './sluice.ts';

let site: Site | undefined;
afterEach(() => site?.destroy());

const shop = (port: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
  parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: default, name: config }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: app }
spec:
  parentRefs: [{ name: shop }]
  rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { hostname: example.com } }] }]
---
# An Envoy without the module of policies would answer 500.
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: app }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: app }]
  authorization: { defaultAction: Allow }
`;

const proxy = (spec: object): string =>
  JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: 'config' },
    spec,
  });

async function serving(port: number, spec: object): Promise<Site> {
  site = await Site.make({ 'shop.yaml': shop(port), 'proxy.yaml': proxy(spec) });
  await site.start();
  return site;
}

/** What the admin interface of the Envoy says; the empty string while nobody answers, as between two of them. */
async function asked({ state }: Site, path: string): Promise<string> {
  try {
    const address = readFileSync(proxyPaths(state, 'default/shop').adminAddress, 'utf8');
    const method = path.startsWith('/logging') ? 'POST' : 'GET';
    return await (await fetch(`http://${address}${path}`, { method })).text();
  } catch {
    return '';
  }
}

function commandOf(running: Site): string {
  const [record] = running.records('envoy');
  return record === undefined ? '' : readFileSync(`/proc/${record.pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
}

const serves = (port: number) => async (): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
    ({ status }) => status === 302,
    () => false,
  );

describe('an EnvoyProxy from files', () => {
  it('says how the Envoy of this machine runs', async () => {
    const port = await freePort();
    const running = await serving(port, {
      concurrency: 1,
      logging: { level: { default: 'error', http: 'debug' } },
      extraArgs: ['--drain-time-s', '7'],
      shutdown: { drainTimeout: '30s', minDrainDuration: '1s' },
      bootstrap: { type: 'JSONPatch', jsonPatches: [{ op: 'add', path: '/stats_flush_interval', value: '9s' }] },
    });
    await until('it serves', serves(port));
    await until('as it is to', async () => (await asked(running, '/stats?filter=server.concurrency')).includes(': 1'));
    await until('it logs as it is to', async () => {
      const levels = await asked(running, '/logging');
      return /^ {2}http: debug$/mu.test(levels) && /^ {2}main: error$/mu.test(levels);
    });
    await until('its bootstrap is patched', async () =>
      (await asked(running, '/config_dump?mask=bootstrap')).includes('"stats_flush_interval": "9s"'),
    );
    expect(commandOf(running).match(/--drain-time-s \d+/gu)).toEqual(['--drain-time-s 7']);
    // It was started once more for what it says, and was never killed for it.
    const [process] = running.records('envoy');
    running.write('proxy.yaml', proxy({ concurrency: 2 }));
    await until('another Envoy serves', async () => running.records('envoy')[0]?.pid !== process?.pid);
    await until('it serves as it is to now', async () => {
      const said = await asked(running, '/stats?filter=server.concurrency');
      return said.includes(': 2') && (await serves(port)());
    });
    const changed = running.records('envoy')[0]?.pid;
    running.write('shop.yaml', `${shop(port)}# the same\n`);
    running.signal('SIGKILL');
    await running.ended();
    // A connection that was kept may be of the Envoy that leaves.
    await until('it serves without a controller', serves(port));
    await running.start();
    expect(running.records('envoy')[0]?.pid).toBe(changed);
    expect(running.log().filter(({ msg }) => /started again/u.test(String(msg)))).toEqual([]);
  });

  it('is merged into what the configuration says of all proxies', async () => {
    const port = await freePort();
    const spec = { mergeType: 'JSONMerge', bootstrap: { type: 'Merge', value: 'stats_flush_interval: 9s' } };
    site = await Site.make({ 'shop.yaml': shop(port), 'proxy.yaml': proxy(spec) });
    site.configure({ envoyProxy: { concurrency: 1, extraArgs: ['--drain-time-s', '7'] } });
    await site.start();
    const running = site;
    await until('it serves', serves(port));
    await until('as all are to', async () =>
      (await asked(running, '/stats?filter=server.concurrency')).includes(': 1'),
    );
    expect(commandOf(running).match(/--drain-time-s \d+/gu)).toEqual(['--drain-time-s 7']);
    expect(await asked(running, '/config_dump?mask=bootstrap')).toContain('"stats_flush_interval": "9s"');
  });

  it('that changes under load refuses no connection: another Envoy serves before the one that ran takes leave', async () => {
    const port = await freePort();
    const running = await serving(port, { concurrency: 1 });
    await until('it serves', serves(port));
    await until('as it is to', async () => (await asked(running, '/stats?filter=server.concurrency')).includes(': 1'));
    const traffic = sendSteadily(`http://127.0.0.1:${port}/`, {}, 302);
    for (const concurrency of [2, 1, 2]) {
      const before = running.records('envoy')[0]?.pid ?? 0;
      running.write('proxy.yaml', proxy({ concurrency }));
      await until('another Envoy serves', async () => {
        const now = running.records('envoy')[0]?.pid;
        return now !== undefined && now !== before;
      });
      await until('the one before has gone', async () => startTimeOf(before) === undefined);
      await until('it is as it is to be', async () =>
        (await asked(running, '/stats?filter=server.concurrency')).includes(`: ${concurrency}`),
      );
    }
    const { sent, lost } = await traffic.stop();
    // The kernel resets what waits to be accepted in the very moment in which the one that leaves stops to listen, unless
    // it is told to hand it on (net.ipv4.tcp_migrate_req). Seen seldom: at most one of each of the two clients that make a connection for each request.
    const inThatMoment = lost.filter((line) => /fresh connection: .*(?:ECONNRESET|hang up)/u.test(line));
    expect(lost.filter((line) => !inThatMoment.includes(line))).toEqual([]);
    expect(inThatMoment.length).toBeLessThanOrEqual(3 * 2);
    expect(sent).toBeGreaterThan(200);
    const left = proxyPaths(running.state, 'default/shop');
    await until(
      'nothing is left of it',
      () => !existsSync(left.leavingRecord) && !existsSync(left.leavingAdminAddress),
    );
    expect(running.log().filter(({ msg }) => /ended all the same/u.test(String(msg)))).toEqual([]);
  });

  it('that changes while its controller is killed leaves one Envoy', async () => {
    const port = await freePort();
    const running = await serving(port, { concurrency: 1, shutdown: { minDrainDuration: '60s', drainTimeout: '90s' } });
    await until('it serves', serves(port));
    await until('as it is to', async () => (await asked(running, '/stats?filter=server.concurrency')).includes(': 1'));
    const { leavingAdminAddress, leavingRecord } = proxyPaths(running.state, 'default/shop');
    await until('no other is there', async () => !existsSync(leavingRecord));
    const before = running.records('envoy')[0]?.pid ?? 0;
    running.write('proxy.yaml', proxy({ concurrency: 2 }));
    // For a moment the one that is to leave is on record twice.
    await until(
      'another Envoy is there',
      async () => existsSync(leavingRecord) && running.records('envoy').some(({ pid }) => pid !== before),
    );
    running.signal('SIGKILL');
    await running.ended();
    expect(startTimeOf(before)).toBeDefined();
    await running.start();
    await until('the one before has gone', async () => startTimeOf(before) === undefined);
    await until('it serves as it is to', async () => {
      const said = await asked(running, '/stats?filter=server.concurrency');
      return said.includes(': 2') && (await serves(port)());
    });
    await until('nothing is left of it', () => !existsSync(leavingRecord) && !existsSync(leavingAdminAddress));
  });

  it('that Envoy does not take changes nothing', async () => {
    const port = await freePort();
    const kubernetes = { envoyDeployment: { replicas: 2 } };
    const running = await serving(port, { provider: { type: 'Kubernetes', kubernetes } });
    // What is for clusters alone is named.
    await until('it is told', () =>
      running.log().some((line) => JSON.stringify(line).includes('spec.provider.kubernetes.envoyDeployment')),
    );
    await until('it serves', serves(port));
    const before = running.records('envoy')[0]?.pid;
    running.write('proxy.yaml', proxy({ extraArgs: ['--no-such-argument'] }));
    await until('it is told', () => running.log().some((line) => JSON.stringify(line).includes('no-such-argument')));
    expect(running.records('envoy')[0]?.pid).toBe(before);
    expect(await serves(port)()).toBe(true);
  });
});
