import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import { ask, dataOf, isGone } from './api.ts';
import { RunningContainer } from './container.ts';
import { ContainerLog } from './container-log.ts';
import { startContainer } from './container-process.ts';
import { startContainers, stopContainers } from './containers.ts';
import { argumentsOf, type LocalImage } from './images.ts';
import type { Container, Handler, Pod } from './kinds.ts';
import { environmentOf, filledIn, groupsOf, isReadOnly } from './pod-fields.ts';
import { NODE_ADDRESS, type PodNetwork } from './pod-network.ts';
import { podStatus } from './pod-status.ts';
import { fillVolume } from './pod-volumes.ts';
import { portOf, probe } from './probes.ts';

/** What a pod is run with. */
export interface PodPorts {
  readonly api: ApiServer;
  readonly images: readonly LocalImage[];
  readonly network: PodNetwork;
  /** Its volumes and roots are here. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** What a kubelet tells every container of the Service `kubernetes`: here the API server's own address. */
const API_SERVER = { KUBERNETES_SERVICE_HOST: NODE_ADDRESS, KUBERNETES_SERVICE_PORT: '6443' };

const RETRY_AFTER = 300;
const VOLUMES_EVERY = 1_000;

/** One pod on the node. */
export class RunningPod {
  readonly pod: Pod;
  readonly #ports: PodPorts;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #startedAt = new Date().toISOString();
  #init: readonly RunningContainer[] = [];
  #main: readonly RunningContainer[] = [];
  #stopping: Promise<void> | undefined;
  #told = '';
  #telling = false;

  constructor(pod: Pod, ports: PodPorts) {
    this.pod = pod;
    this.#ports = ports;
  }

  get #key(): string {
    return `${this.pod.metadata.namespace}/${this.pod.metadata.name}`;
  }

  /** What a container has written. */
  log(container: string): ContainerLog | undefined {
    return this.#logs.get(container);
  }

  /** Starts it; what it needs and is not there yet is waited for. */
  async start(): Promise<void> {
    const { spec } = this.pod;
    while (!(await this.#fillVolumes())) {
      if (this.#stopping !== undefined) return;
      await sleep(RETRY_AFTER);
    }
    const environments = new Map<string, Readonly<Record<string, string>>>();
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      environments.set(container.name, await this.#environment(container));
      if (this.#stopping !== undefined) return;
    }
    const make = (container: Container): RunningContainer =>
      this.#container(container, environments.get(container.name) ?? {});
    this.#init = (spec.initContainers ?? []).map(make);
    this.#main = spec.containers.map(make);
    void this.#refreshVolumes();
    this.#tell();
    await startContainers(this.#init, this.#main, spec.restartPolicy);
  }

  /** Ends it within its grace period. Resolves when it is gone from the node. */
  stop(seconds: number): Promise<void> {
    this.#stopping ??= this.#end(seconds);
    return this.#stopping;
  }

  async #end(seconds: number): Promise<void> {
    await stopContainers(this.#init, this.#main, seconds * 1_000, (container) => this.#preStop(container));
    this.#ports.network.remove();
    rmSync(this.#ports.folder, { recursive: true, force: true });
  }

  #container(spec: Container, env: Readonly<Record<string, string>>): RunningContainer {
    const { say, network, folder } = this.#ports;
    const log = new ContainerLog();
    this.#logs.set(spec.name, log);
    const image = this.#ports.images.find(({ stands }) => stands(spec.image));
    if (image === undefined) say(`${this.#key} ${spec.name}: no program stands for image ${spec.image}`);
    return new RunningContainer(spec, {
      hasImage: () => image !== undefined,
      start: () => {
        if (image === undefined) throw new Error(`${this.#key}: started without an image`);
        const own = { ...this.pod.spec.securityContext, ...spec.securityContext };
        const { readOnlyRootFilesystem: readOnlyRoot = false } = own;
        const mounts = (spec.volumeMounts ?? []).map((mount) => ({
          source: join(this.#volume(mount.name), mount.subPath ?? ''),
          path: mount.mountPath,
          readOnly: isReadOnly(this.pod, mount),
        }));
        const { hosts, resolvConf } = network.files;
        return startContainer({
          command: argumentsOf(image, spec).map((argument) => filledIn(argument, env)),
          env: { ...API_SERVER, ...image.env, ...env },
          network: network.namespace,
          folder: join(folder, 'containers', spec.name),
          mounts: [
            // What is in an image is everybody's who runs it.
            ...image.files.map((file) => ({ ...file, readOnly: true })),
            { source: hosts, path: '/etc/hosts', readOnly: readOnlyRoot },
            { source: resolvConf, path: '/etc/resolv.conf', readOnly: readOnlyRoot },
            ...mounts,
          ],
          readOnlyRoot,
          user: own.runAsUser,
          group: own.runAsGroup,
          groups: groupsOf(own),
          log,
        });
      },
      probe: (kind) => probe(spec[kind] ?? {}, spec, network.address),
      changed: () => this.#tell(),
      exited: (code) => say(`${this.#key} ${spec.name} ended with ${code}: ${log.tail(2).join(' | ').slice(0, 400)}`),
    });
  }

  #volume(name: string): string {
    return join(this.#ports.folder, 'volumes', name);
  }

  async #environment(container: Container): Promise<Readonly<Record<string, string>>> {
    const { api, network } = this.#ports;
    for (;;) {
      try {
        return await environmentOf(this.pod, container, network.address, async (plural, name, key) => {
          const data = await dataOf(api, plural, this.pod.metadata.namespace, name);
          return data[key]?.toString('utf8') ?? '';
        });
      } catch (error) {
        if (this.#stopping !== undefined) return {};
        if (!isGone(error)) this.#ports.say(`${this.#key}: ${String(error)}`);
        await sleep(RETRY_AFTER);
      }
    }
  }

  async #fillVolumes(): Promise<boolean> {
    const { api, network, say } = this.#ports;
    try {
      for (const volume of this.pod.spec.volumes ?? []) {
        await fillVolume(api, this.pod, network.address, volume, this.#volume(volume.name));
      }
      return true;
    } catch (error) {
      if (!isGone(error)) say(`${this.#key}: ${String(error)}`);
      return false;
    }
  }

  /** Secrets and ConfigMaps change while a pod runs. */
  async #refreshVolumes(): Promise<void> {
    while (this.#stopping === undefined) {
      await sleep(VOLUMES_EVERY);
      if (this.#stopping === undefined) await this.#fillVolumes();
    }
  }

  async #preStop(container: Container): Promise<void> {
    const hook: Handler = container.lifecycle?.preStop ?? {};
    if (hook.sleep !== undefined) await sleep(hook.sleep.seconds * 1_000);
    if (hook.httpGet !== undefined) {
      const { path = '/', port, httpHeaders = [] } = hook.httpGet;
      const url = `http://${this.#ports.network.address}:${portOf(port, container)}${path}`;
      const headers = httpHeaders.map(({ name, value }): [string, string] => [name, value]);
      await fetch(url, { headers }).catch(() => undefined);
    }
  }

  /** Writes the status, the newest one last and one at a time. */
  #tell(): void {
    if (this.#telling || this.#stopping !== undefined) return;
    this.#telling = true;
    void this.#write().finally(() => (this.#telling = false));
  }

  async #write(): Promise<void> {
    for (;;) {
      const states = new Map([...this.#init, ...this.#main].map(({ spec, state }) => [spec.name, state]));
      const text = JSON.stringify([...states]);
      if (text === this.#told || this.#stopping !== undefined) return;
      const { namespace, name } = this.pod.metadata;
      const now = new Date().toISOString();
      const status = podStatus(this.pod, states, {
        address: this.#ports.network.address,
        startedAt: this.#startedAt,
        now,
      });
      try {
        await ask(this.#ports.api, {
          method: 'PATCH',
          path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
          body: { status },
        });
        this.#told = text;
      } catch (error) {
        if (isGone(error)) return;
        this.#ports.say(`${this.#key}: ${String(error)}`);
        await sleep(RETRY_AFTER);
      }
    }
  }
}
