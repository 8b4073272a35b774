import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lower } from '#controller/xds/lower.ts';
import { compileFilter } from '#wasm-filters/build.ts';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { backend, CLASS, gatewayOf, manifest, route, to, yamlOf } from './route-site.ts';

/** One of our modules by itself: its name and its configuration, as JSON. */
export interface OwnModule {
  readonly module: string;
  readonly configuration: object;
}

/** An Envoy with a route to a back-end that answers with the headers it got. */
export interface EnvoyWithModules {
  readonly port: number;
  readonly envoy: LiveEnvoy;
  readonly echo: Echo;
  stop(): Promise<void>;
}

/** Starts an Envoy whose every request passes these modules in order, put there by patch as anybody could put them. */
export async function startEnvoyWithModules(modules: readonly OwnModule[]): Promise<EnvoyWithModules> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  for (const { module } of modules) writeFileSync(join(folder, `${module}.wasm`), await compileFilter(module));
  const port = await freePort();
  const echo = await startEcho();
  const envoy = await startLiveEnvoy();
  const rejected = await envoy.publish(lower(compileText(manifests(port, echo.port, folder, modules)), undefined));
  if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
  return {
    port,
    envoy,
    echo,
    async stop() {
      await envoy.stop();
      await echo.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A route, and the modules before the router; plugins of one module have one VM and differ in nothing but their configuration. */
function manifests(port: number, echo: number, folder: string, modules: readonly OwnModule[]): string {
  const patches = modules.map(({ module, configuration }) => ({
    type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: 'default/shop/http',
    operation: {
      op: 'add',
      jsonPath: "..http_filters[?@.name == 'envoy.filters.http.router']",
      value: {
        name: module,
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
          config: {
            vm_config: {
              runtime: 'envoy.wasm.runtime.v8',
              code: { local: { filename: join(folder, `${module}.wasm`) } },
            },
            configuration: {
              '@type': 'type.googleapis.com/google.protobuf.StringValue',
              value: JSON.stringify(configuration),
            },
          },
        },
      },
    },
  }));
  const targetRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
  return yamlOf([
    CLASS,
    gatewayOf([{ name: 'http', protocol: 'HTTP', port }]),
    route([{ backendRefs: [to('echo')] }], 'HTTPRoute', 'shop'),
    backend('echo', [echo]),
    manifest('EnvoyPatchPolicy', 'modules', { targetRef, type: 'JSONPatch', jsonPatches: patches }),
  ]);
}
