import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InfraIr } from '#controller/ir/proxy.ts';
import { isObject } from '#controller/api/compile.ts';
import { proxyObjects } from '#controller/infra/kubernetes/objects/proxy-objects.ts';
import { POD_IDENTITY, POD_PATHS, POD_PORTS } from '#controller/infra/kubernetes/objects/settings.ts';
import type { Authority, KeyPair } from '#controller/pki/authority.ts';
import { ensureEnvoy } from '#deploy/setup/envoy.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { INSTALLATION } from '../golden/objects.ts';
import { freePort } from '../process/sluice.ts';

/** The Envoy and the sidecar of a pod as processes of this machine, with the arguments that the pod gives them. */
export interface LivePod {
  /** Where each port of the pod is on this machine. */
  readonly ports: { readonly [P in keyof typeof POD_PORTS]: number };
  /** Who says this may drain it. */
  readonly drainToken: string;
  readonly modules: string;
  readonly envoy: ChildProcess;
  readonly sidecar: ChildProcess;
  /** Starts the sidecar again: it was ended. */
  readonly sidecarAgain: () => void;
  /** Puts other certificates in place, all at once, as the kubelet does. */
  certify(pair: KeyPair, trusted: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the pod of a proxy whose controller is on this port of loopback. */
export async function startLivePod(
  infra: InfraIr,
  xdsPort: number,
  authority: Authority,
  pair: KeyPair,
): Promise<LivePod> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pod-'));
  const ports = {
    admin: await freePort(),
    metrics: await freePort(),
    sidecar: await freePort(),
    readiness: await freePort(),
  };
  const made = proxyObjects(infra, { ...INSTALLATION, xds: { host: '127.0.0.1', port: xdsPort } });
  if (!made.ok) throw new Error(made.refusal.message);
  const here = (text: string): string =>
    text
      .replaceAll(POD_PATHS.run, join(folder, 'run'))
      .replaceAll(`${POD_PATHS.certificates}/`, `${join(folder, 'certs')}/`)
      .replaceAll(`"${POD_PATHS.certificates}"`, `"${join(folder, 'certs')}"`)
      .replace(new RegExp(`=${POD_PATHS.certificates}$`, 'u'), `=${join(folder, 'certs')}`)
      .replaceAll(`${POD_PATHS.sds}/`, `${join(folder, 'sds')}/`)
      .replaceAll(String(POD_PORTS.admin), String(ports.admin))
      .replaceAll(String(POD_PORTS.metrics), String(ports.metrics))
      .replaceAll(String(POD_PORTS.sidecar), String(ports.sidecar))
      .replaceAll(String(POD_PORTS.readiness), String(ports.readiness))
      .replaceAll('$(ENVOY_POD_NAME)', 'pod')
      .replaceAll(POD_IDENTITY, 'pod/uid')
      .replaceAll('$(ENVOY_SERVICE_ZONE)', '')
      .replaceAll('0.0.0.0', '127.0.0.1');
  const { manifests, identity } = made.value;
  await mkdir(join(folder, 'sds'));
  const files = manifests.find(({ kind }) => kind === 'ConfigMap')?.['data'];
  for (const [name, text] of Object.entries(isObject(files) ? files : {})) {
    await writeFile(join(folder, 'sds', name), here(String(text)));
  }
  let generation = 0;
  await mkdir(join(folder, 'certs'));
  const certify = async (own: KeyPair, trusted: string): Promise<void> => {
    generation += 1;
    const data = `..${generation}`;
    await mkdir(join(folder, 'certs', data));
    const texts = { 'tls.crt': own.certificate, 'tls.key': own.key, 'ca.crt': trusted };
    for (const [name, text] of Object.entries(texts)) {
      await writeFile(join(folder, 'certs', data, name), text);
      if (generation === 1) await symlink(join('..data', name), join(folder, 'certs', name));
    }
    await symlink(data, join(folder, 'certs', '..data_tmp'));
    await rename(join(folder, 'certs', '..data_tmp'), join(folder, 'certs', '..data'));
  };
  await certify(pair, authority.trusted);
  const startSidecar = (): ChildProcess =>
    spawn(
      process.execPath,
      [join(ROOT, 'extproc/main.ts'), ...argumentsOf(manifests, 'initContainers', 'sidecar').map(here)],
      {
        stdio: ['ignore', 'ignore', 'ignore'],
        env: { ...process.env, SLUICE_DRAIN_TOKEN: identity.drainToken },
      },
    );
  let sidecar = startSidecar();
  const envoy = spawn(
    await ensureEnvoy(process.env, () => undefined),
    [...argumentsOf(manifests, 'containers', 'envoy').map(here), '--concurrency', '1'],
    { stdio: ['ignore', 'ignore', process.env['DEBUG_ENVOY'] === undefined ? 'ignore' : 'inherit'] },
  );
  return {
    ports,
    drainToken: identity.drainToken,
    modules: join(folder, 'run', 'modules'),
    envoy,
    get sidecar() {
      return sidecar;
    },
    sidecarAgain: () => void (sidecar = startSidecar()),
    certify,
    stop: async () => {
      for (const child of [envoy, sidecar]) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The arguments of a container of the Deployment. */
function argumentsOf(manifests: readonly object[], list: string, name: string): readonly string[] {
  const deployment = manifests.find((manifest) => 'kind' in manifest && manifest.kind === 'Deployment');
  const containers = ['spec', 'template', 'spec', list].reduce<unknown>(
    (value, field) => (isObject(value) ? value[field] : undefined),
    deployment,
  );
  const found: unknown = Array.isArray(containers)
    ? containers.find((container: unknown) => isObject(container) && container['name'] === name)
    : undefined;
  const args = isObject(found) ? found['args'] : undefined;
  return Array.isArray(args) ? args.map(String) : [];
}
