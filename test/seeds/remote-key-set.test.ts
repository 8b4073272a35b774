import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { KeyServer } from '../process/key-server.ts';
import { CLASS } from '../process/manifests.ts';
import { freePort, Site, sluice, until } from '../process/sluice.ts';
import { startEchoBackEnd } from './echo-back-end.ts';
import { seedPath, SEEDS_ARE_THERE } from './folder.ts';
import { send } from './request.ts';

const NAMESPACE = 'envoy-gateway-system';
/** Where the seed's manifest says that the keys are. */
const KEY_HOST = 'myorg.us.auth0.com';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** The seed's policy, unedited, with its route in a namespace; what is at the host of its key set is on this machine. */
async function run(routeNamespace: string) {
  const [keys, backEnd, port] = [await KeyServer.make(KEY_HOST), await startEchoBackEnd('api'), await freePort()];
  const metadata = (name: string, namespace: string) => `metadata: { name: ${name}, namespace: ${namespace} }`;
  const site = await Site.make({
    '003-07.yaml': readFileSync(seedPath('003-07'), 'utf8'),
    'own.yaml': `${CLASS}---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
${metadata('eg', NAMESPACE)}
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${port}, allowedRoutes: { namespaces: { from: All } } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
${metadata('api-routes', routeNamespace)}
spec:
  parentRefs: [{ name: eg, namespace: ${NAMESPACE} }]
  rules: [{ backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: api }] }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
${metadata('api', routeNamespace)}
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${backEnd.port} } }] }
`,
  });
  const resolverOverrides = { [KEY_HOST]: `127.0.0.1:${keys.port}` };
  site.configure({ sluice: { resolverOverrides, caBundle: 'ca.pem' } }, { 'ca.pem': keys.certificate });
  closers.push(
    () => site.destroy(),
    () => keys.down(),
    () => backEnd.stop(),
  );
  const auth0 = issuer('RS256', 'auth0-1');
  keys.serve(auth0);
  await keys.up();
  await site.start();
  const ask = (token?: string, more = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return send({ port, host: 'api.mydomain.tld', headers: { ...authorization, ...more } });
  };
  return { site, auth0, ask };
}

if (SEEDS_ARE_THERE) {
  describe("the seeds' SecurityPolicy with a remote key set (003-07)", () => {
    const claims = { iss: 'https://id.mydomain.com/', aud: 'https://myorg.us.auth0.com/userinfo', azp: 'client-7' };

    it('guards a route of its own namespace: 401 without a good token, 200 with one and its claim as a header', async () => {
      const { auth0, ask } = await run(NAMESPACE);
      await until('good tokens are accepted', async () => (await ask(auth0.token(claims))).status === 200);
      expect((await ask(auth0.token(claims))).upstream).toMatchObject({ client_id: 'client-7' });
      // Envoy takes no header with an underscore from a client.
      expect(await ask(auth0.token(claims), { client_id: 'forged' })).toMatchObject({ status: 400 });
      expect(await ask()).toMatchObject({ status: 401 });
      expect(await ask('nope')).toMatchObject({ status: 401 });
      expect(await ask(auth0.token({ ...claims, aud: 'other' }))).toMatchObject({ status: 401 });
      expect(await ask(issuer('ES256', 'auth0-1').token(claims))).toMatchObject({ status: 401 });
    });

    it('does not attach to a route of another namespace', async () => {
      const { site, ask } = await run('myproject');
      expect(await ask()).toMatchObject({ status: 200 });
      const { stdout } = await sluice([
        'status',
        'securitypolicy',
        '-n',
        NAMESPACE,
        '-o',
        'yaml',
        '--admin',
        site.admin,
      ]);
      expect(stdout).toContain(`HTTPRoute ${NAMESPACE}/api-routes does not exist`);
    });
  });
}
