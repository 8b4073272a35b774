import { afterAll, expect, it } from 'vitest';
import { freePort, Site, until } from './sluice.ts';

const gateway = (name: string, port: number, more = ''): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: ${name}
spec:
  gatewayClassName: sluice
  listeners:
    - name: http
      protocol: HTTP
      port: ${port}
${more}`;

const GATEWAY_CLASS = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: sluice
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
`;

const sites: Site[] = [];
afterAll(async () => {
  for (const site of sites) await site.destroy();
});

it('a proxy is started for what looks like a Gateway, and ended again when it is none', async () => {
  const port = await freePort();
  const wrong = gateway('wrong', port, '  unknownField: 1\n');
  const site = await Site.make({ 'g.yaml': GATEWAY_CLASS + gateway('shop', port) + wrong });
  sites.push(site);
  await site.start();
  const started = site.log().filter(({ msg, process }) => msg === 'process started' && process === 'envoy');
  expect(new Set(started.map((line) => line['gateway']))).toEqual(new Set(['default/shop', 'default/wrong']));
  await until(
    'one Envoy and one sidecar run',
    () => site.records('envoy').length + site.records('sidecar').length === 2,
  );
  expect(site.log().some(({ msg }) => msg === 'process ended, it is started again')).toBe(false);
  site.signal('SIGTERM');
  expect(await site.ended()).toBe(0);
  expect([...site.records('envoy'), ...site.records('sidecar')]).toEqual([]);
});

it('an end right after the start leaves nothing behind', async () => {
  const site = await Site.make({ 'g.yaml': GATEWAY_CLASS + gateway('shop', await freePort()) });
  sites.push(site);
  await site.start({ ready: false });
  await until('a process is started', () => site.records('envoy').length > 0);
  site.signal('SIGTERM');
  expect(await site.ended()).toBe(0);
  expect([...site.records('envoy'), ...site.records('sidecar')]).toEqual([]);
});
