/** What the controller may do: all that it needs, nothing that it never asks for, and what becomes of it where a right is missing. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { kindsWithStatus } from '#controller/kubernetes/status/kinds-with-status.ts';
import { resourcePath } from '#controller/kubernetes/resource-path.ts';
import { fieldOf, dataOf, pairIn } from '#controller/pki/certificate-secrets.ts';
import { issue } from '#controller/pki/authority.ts';
import { auditLog, connectCluster } from './control-plane.ts';
import { EVERY, everyKind, serviceImports } from './every-kind.ts';
import { GatewaySite, namespaceOf, shopOf, statusOf, until, untilStatus } from './gateway-site.ts';
import { grantedInVain, grantsOf, rightsUsed, type Use } from './rights-used.ts';

const cluster = connectCluster(inject('cluster'));
const DAY = 86_400_000;

/** A GatewayClass with what an EnvoyProxy of the site says. */
const classOf = (
  { app, controllerName }: GatewaySite,
  name: string,
  parameters: string,
  finalizers: readonly string[] = [],
): string =>
  JSON.stringify({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name, ...(finalizers.length === 0 ? {} : { finalizers }) },
    spec: {
      controllerName,
      parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', namespace: app, name: parameters },
    },
  });

const proxyOf = ({ app }: GatewaySite, name: string, kubernetes: object, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name, namespace: app },
    spec: { provider: { type: 'Kubernetes', kubernetes }, ...more },
  });

/** What a Deployment, an autoscaler and a budget are made of; and after it another kind of workload in place of them. */
const SCALED = { envoyDeployment: { replicas: 1 }, envoyHpa: { maxReplicas: 1 }, envoyPDB: { minAvailable: 0 } };
const EVERYWHERE = { envoyDaemonSet: {} };

describe.each([
  { name: 'rights', deploy: 'ControllerNamespace', named: false },
  { name: 'rights-named', deploy: 'GatewayNamespace', named: true },
] as const)(
  'the rights of $deploy, where the namespaces that are read are named: $named',
  ({ name, deploy, named }) => {
    let site: GatewaySite;
    const other = `${name}-other`;
    beforeAll(async () => {
      await cluster.apply(namespaceOf(other));
      const watch = { type: 'Namespaces', namespaces: [name, other] };
      site = await GatewaySite.install(cluster, { name, deploy, ...(named ? { watch } : {}) });
    });
    afterAll(async () => {
      await cluster.kubectl('delete', 'gatewayclass', `${name}-bad`, `${name}-merged`, '--ignore-not-found');
      const imports = ['serviceimports.multicluster.x-k8s.io', 'foreignimports.multicluster.x-k8s.io'];
      await cluster.kubectl('delete', 'crd', ...imports, '--ignore-not-found');
      await cluster.kubectl('delete', 'namespace', other, '--wait=false', '--ignore-not-found');
      await site.remove();
    });

    const asked = (): ReturnType<typeof rightsUsed> =>
      rightsUsed(
        readFileSync(auditLog(inject('cluster')), 'utf8'),
        `system:serviceaccount:${site.system}:envoy-gateway`,
      );
    const hasUsed = (right: string, namespace?: string): boolean =>
      asked().used.some((use) => use.right === right && (namespace === undefined || use.namespace === namespace));
    const untilUsed = (right: string, namespace?: string): Promise<void> =>
      until(`"${right}" has been asked for`, () => Promise.resolve(hasUsed(right, namespace)));

    it('are enough for objects of every kind, of which somebody else writes, too', async () => {
      await cluster.apply(proxyOf(site, EVERY, {}));
      await cluster.apply(everyKind(site));
      await site.addressOf(EVERY);
      await Promise.all(
        kindsWithStatus.map(async ({ group, storageVersion, plural, scope }) => {
          const place = scope === 'Cluster' ? { name: site.gatewayClass } : { name: EVERY, namespace: site.app };
          const version = storageVersion.split('/').at(-1) ?? '';
          const path = (subresource: object): string =>
            resourcePath({ group, version, plural }, { ...place, ...subresource });
          await until(
            `${group} ${plural} is read again, since it was changed while its status was written`,
            async () => {
              await cluster.api.ask({ method: 'PATCH', path: path({ subresource: 'status' }), body: { status: null } });
              for (let turn = 0; turn < 40; turn += 1) {
                const body = { metadata: { annotations: { turn: String(turn) } } };
                await cluster.api.ask({ method: 'PATCH', path: path({}), body });
              }
              return hasUsed(`${group} ${plural} get`);
            },
          );
        }),
      );
    });

    it('are enough to take the finalizer of Envoy Gateway from a class that no Gateway is of, where all are seen', async () => {
      const finalizer = 'gateway-exists-finalizer.gateway.networking.k8s.io';
      const bad = `${name}-bad`;
      await cluster.apply(classOf(site, bad, EVERY, [finalizer]));
      if (named) {
        await cluster.kubectl('delete', 'gatewayclass', bad, '--wait=false');
        await until('it is told that the class is held up', async () =>
          (await cluster.kubectl('logs', '-n', site.system, 'deployment/envoy-gateway')).includes(
            'Gateways in namespaces that are not watched may be of the class',
          ),
        );
        await cluster.kubectl('patch', 'gatewayclass', bad, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
      } else {
        await untilUsed('gateway.networking.k8s.io gatewayclasses patch');
        await cluster.kubectl('delete', 'gatewayclass', bad, '--timeout=60s');
      }
    });

    it('are enough to tell in Events what went wrong, and went wrong again', async () => {
      const refer = (service: string): Promise<unknown> =>
        cluster.api.ask({
          method: 'PATCH',
          path: `/apis/gateway.networking.k8s.io/v1/namespaces/${site.app}/httproutes/${EVERY}`,
          body: { spec: { rules: [{ backendRefs: [{ name: service, port: 80 }] }] } },
        });
      const bad = `${name}-bad`;
      const classIs = (status: string): Promise<void> =>
        until(`class ${bad} is accepted: ${status}`, async () => {
          const path = 'jsonpath={.status.conditions[?(@.type=="Accepted")].status}';
          return (await cluster.kubectl('get', 'gatewayclass', bad, '-o', path)) === status;
        });
      const routeIs = (status: string): Promise<void> =>
        until(`the route's references are good: ${status}`, async () => {
          const path = 'jsonpath={.status.parents[0].conditions[?(@.type=="ResolvedRefs")].status}';
          return (await site.get('httproute', EVERY, '-o', path)) === status;
        });
      for (const _ of ['once', 'twice']) {
        await cluster.apply(classOf(site, bad, 'missing'));
        await refer('nowhere');
        await classIs('False');
        await routeIs('False');
        await cluster.apply(classOf(site, bad, EVERY));
        await refer('echo');
        await classIs('True');
        await routeIs('True');
      }
      await untilUsed(' events patch', site.app);
      await untilUsed(' events patch', 'default');
    });

    // Merged proxies are beside the controller.
    it.each(named ? ['beside', 'merged'] : ['beside'])(
      'are enough to make and remove all that proxies are made of: %s',
      async (how) => {
        const own = how === 'merged' ? `${name}-merged` : EVERY;
        const more = how === 'merged' ? { mergeGateways: true } : {};
        await cluster.apply(proxyOf(site, own, SCALED, more));
        if (how === 'merged') {
          await cluster.apply(classOf(site, own, own));
          const merged = shopOf(site).replace(`gatewayClassName: ${site.gatewayClass}`, `gatewayClassName: ${own}`);
          await cluster.apply(merged.replaceAll('name: shop', `name: ${own}`));
        }
        const place = named && how === 'beside' ? site.app : site.system;
        const workloads = ['apps daemonsets', 'autoscaling horizontalpodautoscalers', 'policy poddisruptionbudgets'];
        for (const kind of [...workloads.slice(1), 'apps deployments']) await untilUsed(`${kind} create`, place);
        await cluster.apply(proxyOf(site, own, EVERYWHERE, more));
        await untilUsed('apps daemonsets create', place);
        for (const kind of [...workloads.slice(1), 'apps deployments']) await untilUsed(`${kind} delete`, place);
        // It goes to somebody else. Of one that is deleted the garbage collector may take what it owns before anybody asks.
        const elsewhere = JSON.stringify({ spec: { gatewayClassName: 'of-nobody' } });
        await cluster.kubectl('patch', 'gateway', '-n', site.app, own, '--type=merge', '-p', elsewhere);
        for (const kind of [' serviceaccounts', ' configmaps', ' secrets', ' services', 'apps daemonsets']) {
          await untilUsed(`${kind} delete`, place);
        }
        await cluster.kubectl('delete', 'gateway', '-n', site.app, own);
      },
    );

    it('are enough to renew certificates', async () => {
      const path = (secret: string): string => `/api/v1/namespaces/${site.system}/secrets/${secret}`;
      const { body } = await cluster.api.ask({ method: 'GET', path: path('sluice-ca') });
      const authority = {
        current: pairIn(body) ?? { certificate: '', key: '' },
        trusted: fieldOf(body, 'ca.crt') ?? '',
      };
      const old = await issue(authority, { kind: 'server', dnsNames: ['envoy-gateway'] }, Date.now() - 89 * DAY);
      await cluster.api.ask({
        method: 'PATCH',
        path: path('envoy-gateway'),
        body: { data: dataOf(old, authority.trusted) },
      });
      await untilUsed(' secrets update', site.system);
    });

    it('are enough for kinds that are installed later, also where another one had their names, and taken away', async () => {
      const { definition, object } = serviceImports(site.app);
      const own = 'crd/serviceimports.multicluster.x-k8s.io';
      // Of the same kind, under another name.
      await cluster.apply(definition.replaceAll('"serviceimport', '"foreignimport'));
      await cluster.kubectl('wait', '--for=condition=Established', 'crd/foreignimports.multicluster.x-k8s.io');
      await cluster.apply(definition);
      await cluster.kubectl('wait', '--for=condition=NamesAccepted=false', own);
      await cluster.kubectl('rollout', 'restart', '-n', site.system, 'deployment/envoy-gateway');
      await site.rolledOut('envoy-gateway', site.system);
      await until('it is told why the kind is not there', async () =>
        (await cluster.kubectl('logs', '-n', site.system, 'deployment/envoy-gateway')).includes('its names are taken'),
      );
      await cluster.kubectl('delete', 'crd', 'foreignimports.multicluster.x-k8s.io');
      await cluster.kubectl('wait', '--for=condition=Established', own);
      await cluster.apply(object);
      await untilUsed('multicluster.x-k8s.io serviceimports watch');
      await cluster.kubectl('delete', 'crd', 'serviceimports.multicluster.x-k8s.io');
      await untilUsed('apiextensions.k8s.io customresourcedefinitions get');
    });

    it('are not more than that, and none is missing', async () => {
      const get = (...args: readonly string[]): Promise<string> => cluster.kubectl('get', ...args, '-o', 'json');
      const wide = `${name}:${site.system}`;
      const roles = [
        await get('clusterrole', wide),
        await get('role', '-n', site.system, name),
        ...(named ? [await get('role', '-n', name, wide), await get('role', '-n', 'default', `${wide}:events`)] : []),
      ];
      const { used, refused } = asked();
      expect(refused).toEqual([]);
      expect(grantedInVain(grantsOf(...roles), used)).toEqual([]);
      if (!named) return;
      // Of the other namespace that is read the same may be done; of nobody else's anything.
      const rulesIn = async (namespace: string): Promise<unknown> => rulesOf(await get('role', '-n', namespace, wide));
      expect(await rulesIn(other)).toEqual(await rulesIn(name));
      expect(used.flatMap(outside([name, other, site.system, 'default']))).toEqual([]);
      expect(grantsOf(await get('clusterrole', wide)).everywhere).toEqual(
        new Set([
          ...['get', 'list', 'watch'].map((verb) => `gateway.networking.k8s.io gatewayclasses ${verb}`),
          'gateway.networking.k8s.io gatewayclasses/status patch',
          ...['get', 'list', 'watch'].map((verb) => `apiextensions.k8s.io customresourcedefinitions ${verb}`),
          ...['namespaces', 'nodes'].flatMap((kind) => ['list', 'watch'].map((verb) => ` ${kind} ${verb}`)),
        ]),
      );
    });

    if (named)
      it('leave what is in other namespaces unseen', async () => {
        const foreign = `${name}-foreign`;
        await cluster.apply(namespaceOf(foreign));
        const everybody = 'protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }';
        await cluster.apply(shopOf(site).replace('protocol: HTTP }', everybody));
        // One route of the namespace that is read beside it, one of one that is not, and a Gateway there.
        const routeIn = (namespace: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: strange, namespace: ${namespace} }
spec:
  parentRefs: [{ name: shop, namespace: ${site.app} }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: /${namespace} } }] }]
---`;
        await cluster.apply(routeIn(other) + routeIn(foreign));
        await cluster.apply(shopOf(site).replaceAll(`namespace: ${site.app}`, `namespace: ${foreign}`));
        const address = await site.addressOf('shop');
        await untilStatus(`http://${address}/app`, 200);
        const attached = (): Promise<string> =>
          site.get('gateway', 'shop', '-o', 'jsonpath={.status.listeners[0].attachedRoutes}');
        await until('both routes that are read are attached', async () => (await attached()) === '2');
        for (const [kind, one] of [
          ['httproute', 'strange'],
          ['gateway', 'shop'],
        ] as const) {
          const status = await cluster.kubectl('get', kind, one, '-n', foreign, '-o', 'jsonpath={.status}');
          expect(status).not.toContain('"True"');
          expect(status).not.toContain(site.controllerName);
        }
        expect(await cluster.kubectl('get', 'deployments', '-n', foreign, '-o', 'name')).toBe('');
        await cluster.kubectl('delete', 'namespace', foreign, '--wait=false');
        expect(asked().refused).toEqual([]);
      });

    if (!named)
      it('that are missing are told by verb and kind; everything else goes on', async () => {
        await cluster.apply(shopOf(site));
        const address = await site.addressOf('shop');
        await untilStatus(`http://${address}/app`, 200);
        const wide = `${name}:${site.system}`;
        const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${wide}`;
        const { body: role } = await cluster.api.ask({ method: 'GET', path });
        const allow = (missing: readonly string[]): Promise<unknown> =>
          cluster.api.ask({ method: 'PATCH', path, body: { rules: without(rulesOf(JSON.stringify(role)), missing) } });
        const logs = (): Promise<string> => cluster.kubectl('logs', '-n', site.system, 'deployment/envoy-gateway');
        const said = (kind: string, one: string): Promise<string> => site.get(kind, one, '-o', 'jsonpath={.status}');

        await allow(['httproutes/status']);
        await cluster.apply(shopOf(site).replaceAll('name: app', 'name: later').replaceAll('/app', '/later'));
        await untilStatus(`http://${address}/later`, 200);
        await until('the right is named', async () =>
          (await logs()).includes(
            'cannot patch resource \\"httproutes/status\\" in API group \\"gateway.networking.k8s.io\\"',
          ),
        );
        // Other statuses are written.
        await cluster.apply(everyKind(site));
        await until('others are told', async () => (await said('grpcroute', EVERY)).includes('"Accepted"'));
        await allow([]);
        await until('the status is written', async () => (await said('httproute', 'later')).includes('"Accepted"'));

        // What cannot be read at a start is not taken for empty: no replica that lacks it serves.
        await allow(['securitypolicies']);
        await cluster.kubectl('rollout', 'restart', '-n', site.system, 'deployment/envoy-gateway');
        const newest = [
          'pods',
          '-n',
          site.system,
          '-l',
          'control-plane=envoy-gateway',
          '--sort-by=.metadata.creationTimestamp',
        ];
        await until('the right is named', async () => {
          const pods = (await cluster.kubectl('get', ...newest, '-o', 'name')).trim().split('\n');
          const text = await cluster.kubectl('logs', '-n', site.system, pods.at(-1) ?? '');
          return text.includes('cannot list resource \\"securitypolicies\\" in API group \\"gateway.envoyproxy.io\\"');
        });
        await untilStatus(`http://${address}/app`, 200);
        await allow([]);
        await site.rolledOut('envoy-gateway', site.system);
        await site.untilServed('shop');
      });
  },
);

describe('a selector of namespaces', () => {
  let site: GatewaySite;
  beforeAll(async () => {
    const watch = { type: 'NamespaceSelector', namespaceSelector: { matchLabels: { tenant: 'selected' } } };
    site = await GatewaySite.install(cluster, { name: 'selected', watch });
  });
  afterAll(() => site.remove());

  const labelled = (...label: readonly string[]): Promise<string> =>
    cluster.kubectl('label', 'namespace', site.app, '--overwrite', ...label);

  it('has those read that have its labels, as long as they have them', async () => {
    await cluster.apply(shopOf(site));
    await until('the class is accepted', async () =>
      (await cluster.kubectl('get', 'gatewayclass', site.gatewayClass, '-o', 'jsonpath={.status}')).includes('"True"'),
    );
    expect(await site.get('gateway', 'shop', '-o', 'jsonpath={.status}')).not.toContain('"True"');
    await labelled('tenant=selected');
    const address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    await labelled('tenant=another');
    await until('nobody serves it', async () => (await statusOf(`http://${address}/app`)) === 0);
    const account = `system:serviceaccount:${site.system}:envoy-gateway`;
    expect(rightsUsed(readFileSync(auditLog(inject('cluster')), 'utf8'), account).refused).toEqual([]);
  });
});

const outside =
  (namespaces: readonly string[]) =>
  ({ namespace, right }: Use): readonly string[] =>
    namespace === '' || namespaces.includes(namespace) ? [] : [`${namespace}: ${right}`];

function rulesOf(role: string): readonly { readonly [field: string]: unknown }[] {
  const parsed: unknown = JSON.parse(role);
  return isObject(parsed) && Array.isArray(parsed['rules']) ? parsed['rules'].filter(isObject) : [];
}

function without(rules: ReturnType<typeof rulesOf>, missing: readonly string[]): ReturnType<typeof rulesOf> {
  return rules.map((rule) => {
    const resources = Array.isArray(rule['resources']) ? rule['resources'] : [];
    return { ...rule, resources: resources.filter((resource) => !missing.includes(String(resource))) };
  });
}
