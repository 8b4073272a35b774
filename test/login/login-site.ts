import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CLASS, gateway } from '../process/manifests.ts';
import { Site, until } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';

/** One route with users who log in, below a path. */
export interface LoginRoute {
  /** Its path is "/<name>". */
  readonly name: string;
  /** More of `oidc`, or another of its fields. */
  readonly oidc?: object;
  /** More of the SecurityPolicy. */
  readonly policy?: object;
  /** A whole object more that is about the route. */
  readonly more?: readonly object[];
}

/** A running gateway before an echoing back-end, whose users log in at a provider. */
export interface LoginSite {
  readonly site: Site;
  readonly echo: Echo;
  /** "http://127.0.0.1:<port>". */
  readonly origin: string;
  /** A counter of Envoy; 0 when there is none. */
  counter(name: string): Promise<number>;
  /** What Envoy says of its configuration. */
  envoyConfiguration(): Promise<string>;
  stop(): Promise<void>;
}

const GROUP = 'gateway.networking.k8s.io';
const OURS = 'gateway.envoyproxy.io';

/** Where the provider of `port` may send users back to. */
export function callbacks(port: number, routes: readonly LoginRoute[]): readonly string[] {
  return routes.map(({ name }) => `http://127.0.0.1:${port}/${name}/callback`);
}

/** Starts a gateway on this port, with these routes, whose client at the provider is `shop`. */
export async function startLoginSite(
  port: number,
  issuer: string,
  routes: readonly LoginRoute[],
  secret = 'secret',
): Promise<LoginSite> {
  const echo = await startEcho();
  const documents = [
    ...routes.flatMap((route) => routeDocuments(route, issuer)),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop-client' }, stringData: { 'client-secret': secret } },
    {
      apiVersion: `${OURS}/v1alpha1`,
      kind: 'Backend',
      metadata: { name: 'echo' },
      spec: { endpoints: [{ ip: { address: '127.0.0.1', port: echo.port } }] },
    },
  ];
  const text = [CLASS, gateway('shop', port), ...documents.map((one) => `---\n${stringify(one)}`)].join('\n');
  const site = await Site.make({ 'all.yaml': text });
  await site.start();
  // The provider is asked what it is like by then, or a moment later.
  for (const { name } of routes) {
    await until(`${name} leads to the provider`, () =>
      fetch(`http://127.0.0.1:${port}/${name}`, { redirect: 'manual' }).then(
        ({ status }) => status === 302,
        () => false,
      ),
    );
  }
  const admin = async (path: string): Promise<string> => (await fetch(`http://${adminAddress(site)}${path}`)).text();
  return {
    site,
    echo,
    origin: `http://127.0.0.1:${port}`,
    counter: async (name) => {
      const found = new RegExp(`^${name.replaceAll('.', '\\.')}: (\\d+)$`, 'mu').exec(await admin(`/stats`));
      return Number(found?.[1] ?? 0);
    },
    envoyConfiguration: () => admin('/config_dump?include_eds'),
    stop: async () => {
      await site.destroy();
      await echo.stop();
    },
  };
}

function adminAddress(site: Site): string {
  const [file = ''] = globSync('proxies/*/admin-address', { cwd: site.state });
  return readFileSync(join(site.state, file), 'utf8');
}

function routeDocuments({ name, oidc = {}, policy = {}, more = [] }: LoginRoute, issuer: string): readonly object[] {
  return [
    {
      apiVersion: `${GROUP}/v1`,
      kind: 'HTTPRoute',
      metadata: { name },
      spec: {
        parentRefs: [{ name: 'shop' }],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
            backendRefs: [{ group: OURS, kind: 'Backend', name: 'echo' }],
          },
        ],
      },
    },
    {
      apiVersion: `${OURS}/v1alpha1`,
      kind: 'SecurityPolicy',
      metadata: { name },
      spec: {
        targetRefs: [{ group: GROUP, kind: 'HTTPRoute', name }],
        oidc: {
          provider: { issuer },
          clientID: 'shop',
          clientSecret: { name: 'shop-client' },
          redirectURL: `%REQ(x-forwarded-proto)%://%REQ(:authority)%/${name}/callback`,
          logoutPath: `/${name}/logout`,
          ...oidc,
        },
        ...policy,
      },
    },
    ...more,
  ];
}
