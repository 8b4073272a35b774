import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backOff } from '../../fetch/back-off.ts';
import type { InfraIr } from '../../ir/proxy.ts';
import type { ApiServer } from '../../kubernetes/api-server.ts';
import type { Health } from '../../kubernetes/reflector.ts';
import { askedPause } from '../../kubernetes/request-error.ts';
import type { Authority } from '../../pki/authority.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Infra, OpenProxy, ProxySocket } from '../infra.ts';
import { controllerLabel } from './objects/identity.ts';
import type { KubernetesSettings } from './objects/settings.ts';
import { OwnObjects } from './own-objects.ts';
import { ProxyDeployer, removeObjects } from './proxy-deployer.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What proxies in a cluster are deployed with. */
export interface KubernetesInfraOptions {
  readonly server: ApiServer;
  readonly settings: KubernetesSettings;
  /** Where proxies are; everywhere without it. */
  readonly namespaces: readonly string[] | undefined;
  /** The connections of a proxy, told by its certificate. */
  readonly socketOf: (key: string) => ProxySocket;
  readonly authority: () => Authority;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  readonly log: Logger;
}

/** Proxies as objects of a cluster; every controller of an installation has it, and one of them writes. */
export interface KubernetesInfra extends Infra {
  /** Resolves when what is there already is known. Call it before anything else. */
  start(): Promise<void>;
  /** The CPUs of the Node that has most; `undefined` where none says. */
  mostCpus(): number | undefined;
  /** Whether this controller writes. */
  readonly isLeader: boolean;
  lead(isLeader: boolean): void;
  /** The authority is another: certificates that it has not signed are replaced. */
  renewed(): void;
  /** Ends all work; proxies go on with what they have. */
  stop(): void;
}

/** Until a proxy that is looked at in vain is looked at again. Milliseconds. */
const POLL = 50;
/** Before the first further try to remove something. Milliseconds. */
const FIRST_PAUSE = 1_000;
/**
 * So long what another controller has made stays although nothing is known here of a Gateway that it is for: who begins to lead may
 * have heard of the one and not yet of the other. A watch that says nothing is given up before that (`Reflector`); an address
 * that a load balancer has taken back is gone for good. Milliseconds.
 */
const UNKNOWN = 180_000;

/** Deploys proxies to a cluster. */
export function kubernetesInfra(options: KubernetesInfraOptions): KubernetesInfra {
  const { server, settings, clock, random, health, log } = options;
  const open = new Map<string, { readonly deployer: ProxyDeployer; readonly changed: () => void }>();
  let isLeader = false;
  let isStopped = false;
  /** What is served, once it is known: everything else of ours is removed. */
  let serving: ReadonlySet<string> | undefined;
  /** What was served and is no more. */
  const gone = new Set<string>();
  /** Those of them that went while this controller wrote, and still does: nobody else makes anything. */
  const removed = new Set<string>();
  /** When objects of proxies were first heard of that are not served here; none of those that were there at the start. */
  const heard = new Map<string, number>();
  let hasStarted = false;
  let failures = 0;
  /** The API server asks to be left alone until then. */
  let notBefore = 0;
  let cancelSweep: () => void = () => undefined;
  const objects = new OwnObjects({
    server,
    label: controllerLabel(settings),
    namespaces: options.namespaces,
    clock,
    random,
    health,
    changed: (key) => {
      const entry = open.get(key);
      if (entry !== undefined) {
        entry.deployer.look();
        return;
      }
      if (hasStarted) hear(key);
      // Made by somebody who had not heard yet that nobody wants it.
      if (gone.has(key)) void sweep();
    },
    nodesChanged: () => {
      for (const { changed } of open.values()) changed();
    },
  });

  const hear = (key: string): void => {
    if (objects.of(key).length === 0) heard.delete(key);
    else if (!removed.has(key) && !heard.has(key)) heard.set(key, clock.now());
  };

  /** Whether it may be of a Gateway that has not been heard of yet. */
  const isUnknown = (key: string): boolean => clock.now() < (heard.get(key) ?? -Infinity) + UNKNOWN;

  /** Removes what nobody wants; where that fails, again after a while. */
  const sweep = async (): Promise<void> => {
    cancelSweep();
    if (!isLeader || isStopped) return;
    const rest = notBefore - clock.now();
    if (rest > 0) {
      cancelSweep = clock.after(rest, () => void sweep());
      return;
    }
    try {
      for (const key of objects.keys()) {
        const isUnwanted = gone.has(key) || (serving !== undefined && !serving.has(key));
        // It may come to be known, or another to lead, while others are removed.
        if (isLeader && isUnwanted && !isUnknown(key) && !open.has(key))
          await removeObjects({ server, log }, objects.of(key));
      }
      failures = 0;
      const rests = [...heard.values()].map((at) => at + UNKNOWN - clock.now()).filter((ms) => ms > 0);
      if (rests.length > 0) cancelSweep = clock.after(Math.min(...rests), () => void sweep());
    } catch (error) {
      failures += 1;
      const asked = askedPause(error);
      notBefore = asked === 0 ? 0 : clock.now() + asked;
      const retryIn = Math.max(asked, backOff(failures, FIRST_PAUSE, random()));
      log.error({ reason: messageOf(error), retryIn }, 'what nobody wants could not be removed');
      cancelSweep = clock.after(retryIn, () => void sweep());
    }
  };

  const openProxy = (key: string, changed: () => void): OpenProxy => {
    const deployer = new ProxyDeployer({
      key,
      server,
      settings,
      objects,
      authority: options.authority,
      clock,
      random,
      log: log.child({ gateway: key }),
      changed,
    });
    const entry = { deployer, changed };
    const socket = options.socketOf(key);
    open.set(key, entry);
    for (const unwanted of [gone, removed, heard]) unwanted.delete(key);
    deployer.active = isLeader;
    return {
      socket,
      deploy: (infra: InfraIr) => deployer.want(infra),
      get deployed() {
        return deployer.deployed;
      },
      envoyPid: undefined,
      restarts: { envoy: 0, sidecar: 0 },
      // A pod is ready when its Envoy has its listeners.
      untilListening: async (_, stop) => {
        while (!stop.aborted && deployer.deployed.replicas.available === 0) {
          await sleep(POLL, undefined, { signal: stop }).catch(() => undefined);
        }
        return !stop.aborted;
      },
      close: async () => {
        if (open.get(key) === entry) open.delete(key);
        gone.add(key);
        if (isLeader) removed.add(key);
        await deployer.close();
        await socket.close();
        await sweep();
      },
    };
  };

  return {
    start: async () => {
      await objects.start();
      hasStarted = true;
    },
    mostCpus: () => {
      const counts = objects.nodes().flatMap(({ cpus }) => cpus ?? []);
      return counts.length === 0 ? undefined : Math.max(...counts);
    },
    get isLeader() {
      return isLeader;
    },
    lead: (leads) => {
      isLeader = leads;
      if (!leads) removed.clear();
      for (const { deployer } of open.values()) deployer.active = leads;
      void sweep();
    },
    renewed: () => {
      for (const { deployer } of open.values()) deployer.active = isLeader;
    },
    stop: () => {
      isStopped = true;
      cancelSweep();
      for (const { deployer } of open.values()) void deployer.close();
      objects.stop();
    },
    open: (key, changed = () => undefined) => Promise.resolve(openProxy(key, changed)),
    isLeft: (key) =>
      !gone.has(key) && objects.of(key).some(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet'),
    endOthers: async (keys) => {
      serving = keys;
      await sweep();
    },
  };
}
