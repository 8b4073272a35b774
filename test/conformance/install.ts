import { CONTROLLER_NAME } from '#controller/settings.ts';
import type { ClusterClient } from '../cluster/control-plane.ts';
import { installationOf } from '../cluster/installation.ts';

/** Where the controller is installed, and what it is called there. */
const CONTROLLER = { namespace: 'envoy-gateway-system', name: 'envoy-gateway' } as const;

/** The class whose Gateways are tested. */
export const GATEWAY_CLASS = 'sluice';

/** Installs Sluice from this checkout, as its chart does, and waits until its controller is ready; says what it logged where it is not. */
export async function installSluice(
  cluster: ClusterClient,
  say: (line: string) => void,
  deploy: 'ControllerNamespace' | 'GatewayNamespace' = 'GatewayNamespace',
): Promise<void> {
  const { namespace, name } = CONTROLLER;
  const objects = await installationOf({
    name: 'sluice',
    namespace,
    configuration: {
      gateway: { controllerName: CONTROLLER_NAME },
      provider: { type: 'Kubernetes', kubernetes: { deploy: { type: deploy } } },
      extensionApis: { enableBackend: true, enableEnvoyPatchPolicy: true },
    },
  });
  const theClass = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: CONTROLLER_NAME },
  };
  // One that is still being deleted takes nothing new.
  const phase = await cluster.kubectl(
    'get',
    'namespace',
    namespace,
    '--ignore-not-found',
    '-o',
    'jsonpath={.status.phase}',
  );
  if (phase === 'Terminating') {
    await cluster.kubectl('wait', '--for=delete', `namespace/${namespace}`, '--timeout=280s');
  }
  await cluster.apply(`${objects}\n---\n${JSON.stringify(theClass)}\n`);
  try {
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=280s');
  } catch (error) {
    say(await cluster.kubectl('-n', namespace, 'logs', `deployment/${name}`).catch(String));
    throw error;
  }
}
