import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from './commands.ts';

/** The address of the node, which pods reach everything through. */
export const NODE_ADDRESS = '10.244.0.1';
/** Pods have addresses of this network: no port of the API server's is refused there, as those on loopback are. */
export const POD_NETWORK = '10.244.0.0/16';
/** The addresses of Services: those that the API server gives, and those that tests add by a ServiceCIDR. */
const SERVICE_NETWORKS = ['10.96.0.0/16', '10.43.0.0/16'] as const;
/** Where the cluster's names are resolved. */
export const DNS_ADDRESS = '10.96.0.10';

const FIRST = 256 + 2;
const LAST = 65_534;

/** Gives addresses to pods; one that was given back is given again last, for nobody to take a new pod for an old one. */
export class PodAddresses {
  readonly #taken = new Set<string>();
  #next = FIRST;

  /** An address that no pod has. */
  take(): string {
    for (let tries = FIRST; tries <= LAST; tries += 1) {
      const number = this.#next;
      this.#next = number >= LAST ? FIRST : number + 1;
      const address = `10.244.${number >> 8}.${number & 255}`;
      const isHost = (number & 255) !== 0 && (number & 255) !== 255;
      if (!isHost || this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new Error('every address of the pod network is taken');
  }

  /** The pod is gone. */
  giveBack(address: string): void {
    this.#taken.delete(address);
  }
}

/** The network of one pod: a namespace of its own with one routed link. */
export interface PodNetwork {
  readonly address: string;
  /** Name of the network namespace. */
  readonly namespace: string;
  /** The pod's /etc/hosts and /etc/resolv.conf. */
  readonly files: { readonly hosts: string; readonly resolvConf: string };
  remove(): void;
}

/** Makes the network of a pod. `name` is unique and short: the name of a link has 15 characters at most. */
export function makePodNetwork(name: string, address: string): PodNetwork {
  const link = `v${name}`;
  run('ip', 'netns', 'add', name);
  run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  run('ip', 'link', 'set', link, 'up');
  run('ip', 'route', 'replace', `${address}/32`, 'dev', link, 'src', NODE_ADDRESS);
  const inside = (...args: readonly string[]): string => run('ip', '-n', name, ...args);
  inside('link', 'set', 'lo', 'up');
  inside('addr', 'add', `${address}/32`, 'dev', 'eth0');
  inside('link', 'set', 'eth0', 'up');
  inside('route', 'add', NODE_ADDRESS, 'dev', 'eth0');
  inside('route', 'add', 'default', 'via', NODE_ADDRESS);
  const folder = `/etc/netns/${name}`;
  mkdirSync(folder, { recursive: true });
  const files = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
  writeFileSync(files.hosts, `127.0.0.1 localhost\n${address} ${name}\n`);
  writeFileSync(
    files.resolvConf,
    `nameserver ${DNS_ADDRESS}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n`,
  );
  return {
    address,
    namespace: name,
    files,
    remove: () => {
      tryRun('ip', 'netns', 'del', name);
      tryRun('ip', 'link', 'del', link);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Gives the node an address of its own; it may have it already. */
export function addAddress(address: string): void {
  tryRun('ip', 'addr', 'add', `${address}/32`, 'dev', 'lo');
}

/** Takes an address from the node. */
export function removeAddress(address: string): void {
  tryRun('ip', 'addr', 'del', `${address}/32`, 'dev', 'lo');
}

/** Makes the node one that forwards between pods, with its own address. */
export function prepareNode(): void {
  // Names of network namespaces are those of files, which several clusters on one machine would share.
  for (const folder of ['/run/netns', '/etc/netns']) {
    mkdirSync(folder, { recursive: true });
    run('mount', '-t', 'tmpfs', 'none', folder);
  }
  run('ip', 'link', 'set', 'lo', 'up');
  addAddress(NODE_ADDRESS);
  addAddress(DNS_ADDRESS);
  // Clients on the node reach Services, too: without a route nothing would get as far as being led to a pod.
  for (const network of SERVICE_NETWORKS) run('ip', 'route', 'replace', network, 'dev', 'lo', 'src', NODE_ADDRESS);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}
