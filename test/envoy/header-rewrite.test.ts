import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { compileFilter } from '#wasm-filters/build.ts';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const group = 'gateway.networking.k8s.io';
const eg = 'gateway.envoyproxy.io';

/** A route with two plugins of the module in one VM, by patch; they differ in nothing but their configuration. */
function manifests(port: number, echo: number, module: string, configurations: readonly object[]): string {
  const patches = configurations.map((configuration) => ({
    type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: 'default/shop/http',
    operation: {
      op: 'add',
      jsonPath: "..http_filters[?@.name == 'envoy.filters.http.router']",
      value: {
        name: 'header-rewrite',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
          config: {
            vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: module } } },
            configuration: {
              '@type': 'type.googleapis.com/google.protobuf.StringValue',
              value: JSON.stringify(configuration),
            },
          },
        },
      },
    },
  }));
  const backend = { group: eg, kind: 'Backend', name: 'echo' };
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'GatewayClass',
      metadata: { name: 'sluice' },
      spec: { controllerName: `${eg}/gatewayclass-controller` },
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'Gateway',
      metadata: { name: 'shop' },
      spec: { gatewayClassName: 'sluice', listeners: [{ name: 'http', protocol: 'HTTP', port }] },
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'HTTPRoute',
      metadata: { name: 'shop' },
      spec: { parentRefs: [{ name: 'shop' }], rules: [{ backendRefs: [backend] }] },
    },
    {
      apiVersion: `${eg}/v1alpha1`,
      kind: 'Backend',
      metadata: { name: 'echo' },
      spec: { endpoints: [{ ip: { address: '127.0.0.1', port: echo } }] },
    },
    {
      apiVersion: `${eg}/v1alpha1`,
      kind: 'EnvoyPatchPolicy',
      metadata: { name: 'header-rewrite' },
      spec: { targetRef: { group, kind: 'Gateway', name: 'shop' }, type: 'JSONPatch', jsonPatches: patches },
    },
  ]
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
}

describe('the module header-rewrite on an Envoy of anybody', () => {
  let folder: string;
  let envoy: LiveEnvoy;
  let echo: Echo;
  let port: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
    const module = join(folder, 'header-rewrite.wasm');
    writeFileSync(module, await compileFilter('header-rewrite'));
    port = await freePort();
    echo = await startEcho();
    envoy = await startLiveEnvoy();
    const proxy = compileText(
      manifests(port, echo.port, module, [
        {
          request: {
            set: [
              { name: 'x-one', value: '1' },
              { name: 'x-tenant', from: [{ queryParameter: 'tenant' }, { header: 'x-org' }], value: 'nobody' },
              { name: 'x-client', from: [{ clientAddress: true }] },
            ],
            add: [{ name: 'x-more', value: 'more' }],
            remove: ['x-gone'],
          },
          response: {
            set: [
              { name: 'x-echo-port', value: 'hidden' },
              { name: 'x-asked', from: [{ header: ':path' }] },
            ],
          },
        },
        {
          request: { set: [{ name: 'x-two', value: '2' }] },
          response: { add: [{ name: 'x-second', value: '2' }], remove: ['content-type'] },
        },
      ]),
    );
    expect(await envoy.publish(lower(proxy, undefined))).toEqual([]);
  }, 120_000);
  afterAll(async () => {
    await envoy.stop();
    await echo.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('changes requests and responses, each plugin by its own configuration', async () => {
    const headers = { 'x-more': 'one', 'x-gone': 'a', 'x-one': 'forged', 'x-org': 'acme' };
    const response = await fetch(`http://127.0.0.1:${port}/a`, { headers });
    const upstream: unknown = await response.json();
    expect(upstream).toMatchObject({ 'x-one': '1', 'x-two': '2', 'x-tenant': 'acme', 'x-client': '127.0.0.1' });
    expect(upstream).toMatchObject({ 'x-more': 'one, more' });
    expect(upstream).not.toHaveProperty('x-gone');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-echo-port': 'hidden',
      'x-asked': '/a',
      'x-second': '2',
    });
    expect(response.headers.has('content-type')).toBe(false);
  });

  it('takes values from the query, and what is for none of them', async () => {
    const tenantOf = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json();
    expect(await tenantOf('/?tenant=a%20b')).toMatchObject({ 'x-tenant': 'a b' });
    expect(await tenantOf('/')).toMatchObject({ 'x-tenant': 'nobody' });
  });
});
