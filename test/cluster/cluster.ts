/**
 * A cluster on this machine: a real control plane and a fake node. Everything is in the network namespace of the process that
 * starts it, which is to be one of its own (`inOwnNamespaces`).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BuiltImage } from '#deploy/images/build.ts';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { gatewayApiDefinitions } from '#deploy/helm/package-chart.ts';
import { CONTROL_PLANE, ECHO, ensureGoProgram, HELM } from '#deploy/setup/go-program.ts';
import { ensureProgram, NFT } from '#deploy/setup/debian-program.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { type ClusterClient, connectCluster, type ControlPlane, startControlPlane } from './control-plane.ts';
import { ensureImages } from './ensure-images.ts';
import { localImages } from './local-images.ts';
import { startNode } from './node/fake-node.ts';
import type { LocalImage } from './node/images.ts';

/** A cluster that runs. */
export interface Cluster extends ClusterClient {
  readonly controlPlane: ControlPlane;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** What a cluster is made of, by its path. */
export interface ClusterPrograms {
  readonly controlPlane: string;
  readonly envoy: string;
  readonly echo: string;
  readonly nft: string;
  readonly helm: string;
  readonly controller: BuiltImage;
  readonly sidecar: BuiltImage;
  /** Files with the definitions of Gateway API. */
  readonly gatewayApi: readonly string[];
}

/** Sees to all that a cluster is made of; where it runs nothing can be fetched. */
export async function ensureClusterPrograms(env: NodeJS.ProcessEnv): Promise<ClusterPrograms> {
  const envoy = findEnvoy(env);
  if (envoy.kind !== 'found') throw new Error('there is no Envoy: npm run setup fetches it');
  return {
    envoy: envoy.path,
    controlPlane: await ensureGoProgram(CONTROL_PLANE, env),
    echo: await ensureGoProgram(ECHO, env),
    nft: await ensureProgram(NFT, env),
    helm: await ensureGoProgram(HELM, env),
    ...(await ensureImages()),
    gatewayApi: await gatewayApiDefinitions(env),
  };
}

/** Brings up a cluster with the resource definitions of Gateway API (experimental channel) and of our own group. */
export async function startCluster(
  folder: string,
  say: (line: string) => void,
  images: readonly LocalImage[] = [],
): Promise<Cluster> {
  const { envoy, echo, controller, sidecar, nft, gatewayApi, ...programs } = await ensureClusterPrograms(process.env);
  mkdirSync(folder, { recursive: true });
  await run('ip', ['link', 'set', 'lo', 'up']);
  await run('ip', ['addr', 'replace', '10.244.0.1/32', 'dev', 'lo']);
  const controlPlane = await startControlPlane(programs.controlPlane, folder);
  const client = connectCluster(folder);
  const { key, certificate } = await kubeletCertificate(folder);
  const node = await startNode({
    api: client.api,
    images: [...images, ...localImages({ envoy, echo, controller, sidecar })],
    folder: join(folder, 'pods'),
    nft,
    key,
    certificate,
    say,
  });
  await client.kubectl(
    'apply',
    '--server-side',
    ...gatewayApi.flatMap((file) => ['-f', file]),
    '-f',
    join(ROOT, 'deploy/crds'),
  );
  return {
    ...client,
    controlPlane,
    stop: async () => {
      await node.stop();
      await controlPlane.stop();
    },
  };
}

async function kubeletCertificate(folder: string): Promise<{ readonly key: Buffer; readonly certificate: Buffer }> {
  const [key, certificate] = [join(folder, 'kubelet.key'), join(folder, 'kubelet.crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  await run('openssl', ['req', '-x509', ...kind, '-subj', '/CN=node-0', '-keyout', key, '-out', certificate]);
  return { key: readFileSync(key), certificate: readFileSync(certificate) };
}
