import { createHash } from 'node:crypto';
import packageJson from '../package.json' with { type: 'json' };
import type { ClusterSettings } from './cluster-settings.ts';
import { kubernetesInfra, type KubernetesInfra } from './infra/kubernetes/kubernetes-infra.ts';
import { XDS_SERVER_NAME } from './infra/kubernetes/objects/bootstrap.ts';
import { ENVOY_IMAGE } from './infra/kubernetes/objects/settings.ts';
import type { ApiServer } from './kubernetes/api-server.ts';
import type { Health } from './kubernetes/reflector.ts';
import { type Certificates, certificates } from './pki/certificate-secrets.ts';
import { systemClock } from './runtime/clock.ts';
import type { Logs } from './runtime/log.ts';
import { ProxyConnections } from './server/proxy-connections.ts';

/** What proxies of a cluster are made and let in with. */
export interface ClusterProxiesOptions {
  readonly server: ApiServer;
  readonly cluster: Pick<ClusterSettings, 'deploy' | 'watched'>;
  readonly controllerName: string;
  /** The controller's own. */
  readonly namespace: string;
  /** Where proxies are let in. */
  readonly xds: { readonly host: string; readonly port: number };
  readonly environment: NodeJS.ProcessEnv;
  readonly health: Health;
  readonly logs: Logs;
  /** What is undone at the end, last first. */
  readonly undo: (() => Promise<void>)[];
}

/** How often certificates are looked at: who replaces or removes one is not to wait long. Milliseconds. */
const CERTIFICATES_POLL = 15_000;

/**
 * Lets the proxies of a cluster in, and makes them where this controller leads. What is missing of certificates is made, and
 * renewed in time, whatever has connected. Rejects where the API server does not let it.
 */
export async function clusterProxies(options: ClusterProxiesOptions): Promise<KubernetesInfra> {
  const { server, namespace, logs, undo } = options;
  const log = logs('infrastructure');
  const dnsNames = serverNames(namespace, options.environment);
  const read = (mayWrite: boolean): Promise<Certificates> =>
    certificates({ server, namespace, dnsNames, mayWrite, now: systemClock.now() });
  let current = await read(true);
  const identity = () => ({
    certificate: current.server.certificate,
    key: current.server.key,
    trusted: current.authority.trusted,
  });
  const door = new ProxyConnections({ identity: identity(), clock: systemClock, log: logs('xds-server') });
  await door.listen(options.xds.port, options.xds.host);
  undo.push(() => door.close());
  const [host = ''] = dnsNames.slice(-1);
  const infra = kubernetesInfra({
    server,
    settings: {
      controllerName: options.controllerName,
      namespace,
      deploy: options.cluster.deploy,
      // Absolute: it is looked up once, not once in each domain that the pod searches.
      xds: { host: `${host}.`, port: XDS_PORT },
      sidecarImage: options.environment['SLUICE_SIDECAR_IMAGE'] ?? `sluice-sidecar:${packageJson.version}`,
      envoyImage: options.environment['SLUICE_ENVOY_IMAGE'] ?? ENVOY_IMAGE,
      imagePullSecrets: listOf(options.environment['SLUICE_IMAGE_PULL_SECRETS']),
      drainKey: createHash('sha256').update(`drain ${current.authority.current.key}`).digest(),
    },
    namespaces: namespacesOfProxies(options),
    socketOf: (key) => door.socketOf(key),
    authority: () => current.authority,
    clock: systemClock,
    random: Math.random,
    health: options.health,
    log,
  });
  await infra.start();
  const renew = async (): Promise<void> => {
    const before = current;
    current = await read(infra.isLeader);
    if (
      current.server.certificate === before.server.certificate &&
      current.authority.trusted === before.authority.trusted
    )
      return;
    log.info('certificates have been renewed');
    door.renew(identity());
    infra.renewed();
  };
  const timer = setInterval(() => {
    renew().catch((error: unknown) =>
      log.warn({ err: error }, 'certificates cannot be looked at; the last ones serve'),
    );
  }, CERTIFICATES_POLL);
  timer.unref();
  undo.push(() => {
    clearInterval(timer);
    infra.stop();
    return Promise.resolve();
  });
  return infra;
}

/** Beside their Gateways proxies are where those are read, but for what is merged: that is beside the controller. */
function namespacesOfProxies({ cluster, namespace }: ClusterProxiesOptions): readonly string[] | undefined {
  if (cluster.deploy === 'ControllerNamespace') return [namespace];
  return cluster.watched.kind === 'namespaces' ? [...new Set([...cluster.watched.names, namespace])] : undefined;
}

/** The port of the controller's Service, as Envoy Gateway has it. */
export const XDS_PORT = 18_000;

/** The names that the controller's serving certificate is good for; the last is the one that proxies look up. */
export function serverNames(namespace: string, environment: NodeJS.ProcessEnv): readonly string[] {
  const domain = environment['KUBERNETES_CLUSTER_DOMAIN'] ?? 'cluster.local';
  const service = `${XDS_SERVER_NAME}.${namespace}`;
  return [XDS_SERVER_NAME, service, `${service}.svc`, `${service}.svc.${domain}`];
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter((name) => name !== '');
}
