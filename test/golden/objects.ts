import { globSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { compile } from '#controller/compile.ts';
import { proxyObjects } from '#controller/infra/kubernetes/objects/proxy-objects.ts';
import { ENVOY_IMAGE, type KubernetesSettings } from '#controller/infra/kubernetes/objects/settings.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { CONTROLLER_NAME } from '#controller/settings.ts';
import { ROOT } from '#deploy/setup/node24.mjs';

/** One golden case of what proxies are on Kubernetes: `proxy.yaml`, and beside it the objects of each proxy. */
export interface ObjectsCase {
  readonly name: string;
  readonly input: string;
  readonly objects: string;
  readonly settings: KubernetesSettings;
}

/** An installation as `npm run golden` supposes it. */
export const INSTALLATION: KubernetesSettings = {
  controllerName: CONTROLLER_NAME,
  namespace: 'envoy-gateway-system',
  deploy: 'ControllerNamespace',
  xds: { host: 'envoy-gateway.envoy-gateway-system.svc.cluster.local.', port: 18_000 },
  sidecarImage: 'sluice-sidecar:test',
  envoyImage: ENVOY_IMAGE,
  imagePullSecrets: [],
  drainKey: new Uint8Array(32),
};

/** Every case; one that is called after it is of an installation that runs proxies beside their Gateways. */
export function objectsCases(): readonly ObjectsCase[] {
  return globSync('controller/infra/kubernetes/objects/testdata/*/proxy.yaml', { cwd: ROOT })
    .toSorted()
    .map((input) => {
      const folder = dirname(join(ROOT, input));
      const beside = basename(folder).startsWith('gateway-namespace');
      return {
        name: relative(ROOT, folder),
        input: join(ROOT, input),
        objects: join(folder, 'objects.yaml'),
        settings: beside ? { ...INSTALLATION, deploy: 'GatewayNamespace' } : INSTALLATION,
      };
    });
}

/** What a case becomes, as its file should have it. */
export function renderObjects({ input, settings }: ObjectsCase): string {
  const { proxies } = compile(loadOnce([input]));
  const shown = [...proxies].map(([key, { infra }]) => {
    const made = proxyObjects(infra, settings);
    return [key, made.ok ? made.value.manifests : made.refusal] as const;
  });
  return stringify(Object.fromEntries(shown), { aliasDuplicateObjects: false, lineWidth: 0 });
}
