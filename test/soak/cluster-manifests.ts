/** Manifests that a soak has on a cluster only. */
import type { GatewaySite } from '../cluster/gateway-site.ts';
import type { LocalImage } from '../cluster/node/images.ts';
import { gatewayOf } from './manifests.ts';

/** Copies of everything that has some: proxies, controllers, back-ends. */
export const COPIES = 2;

const IMAGE = 'example.com/soak-back-end:v1';
const SCRIPT = '/opt/soak-back-end.ts';
const NODE = '/opt/node';
const PORT = 8_080;
/** The EnvoyProxy of Gateways. */
const SETTINGS = 'settings';
/** The label by which Services select the pods of a back-end. */
const LETTER = 'letter';

/** What stands for the image of the back-ends. */
export const backEndImage: LocalImage = {
  stands: (image) => image === IMAGE,
  entrypoint: [NODE, SCRIPT],
  files: [
    { source: process.execPath, path: NODE },
    { source: `${import.meta.dirname}/back-end-process.ts`, path: SCRIPT },
  ],
  env: {},
  keepsCommand: false,
};

/** The pods of a back-end, and the Service of its name. They serve on for a while after they are told to end. */
export function backEndOf(letter: 'a' | 'b'): readonly object[] {
  const labels = { [LETTER]: letter };
  const container = {
    name: 'back-end',
    image: IMAGE,
    args: ['0.0.0.0', `${letter}=${PORT}`],
    readinessProbe: { httpGet: { path: '/', port: PORT } },
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: letter },
      spec: {
        replicas: COPIES,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 15, containers: [container] } },
      },
    },
    serviceOf(letter, letter),
  ];
}

/** A Service that leads to the pods of a back-end. */
export function serviceOf(name: string, letter: 'a' | 'b'): object {
  const ports = [{ name: 'http', port: 80, targetPort: PORT }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { [LETTER]: letter }, ports } };
}

/** How proxies run; another note makes other pods. */
export function proxySettings(note: string): object {
  const envoyDeployment = { replicas: COPIES, pod: { annotations: { 'example.com/note': note } } };
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: SETTINGS },
    spec: {
      concurrency: 2,
      shutdown: { drainTimeout: '10s', minDrainDuration: '3s' },
      provider: { type: 'Kubernetes', kubernetes: { envoyDeployment } },
    },
  };
}

/** A Gateway of the installation; `shop` has HTTPS, too. */
export function clusterGateway({ gatewayClass }: GatewaySite, name: 'shop' | 'other'): object {
  const parametersRef = { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: SETTINGS };
  const listeners = name === 'shop' ? { http: 80, https: 443 } : { http: 80 };
  return gatewayOf(name, listeners, { gatewayClassName: gatewayClass, infrastructure: { parametersRef } });
}
