import packageJson from '../../package.json' with { type: 'json' };
import { CONTROLLER_NAME } from '#controller/settings.ts';
import { type Installation, installationObjects } from '#deploy/install/objects.ts';
import type { ClusterClient } from '../cluster/control-plane.ts';

/** Where the controller is installed, and what it is called there. */
const CONTROLLER = { namespace: 'envoy-gateway-system', name: 'envoy-gateway' } as const;

/** The class whose Gateways are tested. */
export const GATEWAY_CLASS = 'sluice';

/** Installs Sluice from this checkout and waits until its controller is ready; says what it logged where it is not. */
export async function installSluice(
  cluster: ClusterClient,
  say: (line: string) => void,
  deploy: Installation['deploy'] = 'GatewayNamespace',
): Promise<void> {
  const { namespace, name } = CONTROLLER;
  const { version } = packageJson;
  const objects = installationObjects({
    namespace,
    images: { controller: `sluice:${version}`, sidecar: `sluice-sidecar:${version}` },
    replicas: 1,
    configuration: {
      gateway: { controllerName: CONTROLLER_NAME },
      extensionApis: { enableBackend: true, enableEnvoyPatchPolicy: true },
    },
    deploy,
  });
  const theClass = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: CONTROLLER_NAME },
  };
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...objects, theClass] }));
  try {
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=120s');
  } catch (error) {
    say(await cluster.kubectl('-n', namespace, 'logs', `deployment/${name}`).catch(String));
    throw error;
  }
}
