import type { Logger } from 'pino';
import { backOff } from '../../fetch/back-off.ts';
import type { InfraIr } from '../../ir/proxy.ts';
import { type ApiAnswer, type ApiServer, isGranted } from '../../kubernetes/api-server.ts';
import type { ApiObject } from '../../kubernetes/reflector.ts';
import { askedPause, RequestError } from '../../kubernetes/request-error.ts';
import { resourcePath, statusMessage } from '../../kubernetes/resource-path.ts';
import { isOlder } from '../../kubernetes/version-order.ts';
import { type Authority, isGood, issue, renewAt } from '../../pki/authority.ts';
import { dataOf, pairIn } from '../../pki/certificate-secrets.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Deployed } from '../infra.ts';
import { addressesOf, at, notGiven } from './addresses.ts';
import { hasDrifted } from './drift.ts';
import { inherited } from './inherited.ts';
import { kindOf } from './kinds.ts';
import type { Identity } from './objects/identity.ts';
import type { Manifest } from './objects/manifest.ts';
import { proxyObjects } from './objects/proxy-objects.ts';
import type { KubernetesSettings } from './objects/settings.ts';
import type { OwnObjects } from './own-objects.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What a deployer works with. */
export interface DeployerOptions {
  readonly key: string;
  readonly server: ApiServer;
  readonly settings: KubernetesSettings;
  readonly objects: OwnObjects;
  /** By whom the certificate of the proxy is signed now. */
  readonly authority: () => Authority;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** What is deployed has changed. */
  readonly changed: () => void;
}

/** What is told of a proxy before anything of it is there. */
export const NOT_DEPLOYED: Deployed = { addresses: [], replicas: { available: 0, wanted: 0 }, problem: undefined };

/** Whom objects' fields belong to that we apply (Kubernetes, "Server-Side Apply"). */
export const FIELD_MANAGER = 'sluice';

/** Milliseconds before the first further try, and the most between two. */
const RETRY = { first: 500, most: 30_000 } as const;

/** Brings the objects of one proxy to what they are to be, and keeps them there. */
export class ProxyDeployer {
  readonly #options: DeployerOptions;
  #infra: InfraIr | undefined;
  /** Its objects, made once. */
  #made: ReturnType<typeof proxyObjects> | undefined;
  #isActive = false;
  #isClosed = false;
  /** What was applied, and what the API server made of it, by kind and name. */
  readonly #applied = new Map<string, Applied>();
  /** How often in a row what others had changed was applied again, and when last. */
  #repairs = { count: 0, at: 0 };
  #cancelRepair: () => void = () => undefined;
  /** A repair is under way, or will be: what is heard meanwhile is of the same change. */
  #isRepairing = false;
  #problem: string | undefined;
  #running: Promise<void> | undefined;
  #isAgain = false;
  #failures = 0;
  /** The API server asks to be left alone until then. */
  #notBefore = 0;
  #cancelRetry: () => void = () => undefined;
  #cancelRenewal: () => void = () => undefined;

  constructor(options: DeployerOptions) {
    this.#options = options;
  }

  /** Sets what the proxy needs to run. */
  want(infra: InfraIr): void {
    if (this.#infra === infra) return;
    this.#infra = infra;
    this.#made = proxyObjects(infra, this.#options.settings);
    this.#bring();
    this.#options.changed();
  }

  /** Whether it writes; of several controllers one does. */
  set active(isActive: boolean) {
    this.#isActive = isActive;
    this.#cancelRetry();
    this.#cancelRenewal();
    this.#cancelRepair();
    this.#isRepairing = false;
    if (isActive) this.#bring();
  }

  /** Something is otherwise with its objects: what is not as it was applied is applied again. */
  look(): void {
    if (this.#isClosed) return;
    const drifted = [...this.#applied.values()].filter((applied) => this.#hasDrifted(applied));
    if (this.#isActive && this.#running === undefined && !this.#isRepairing && drifted.length > 0)
      this.#repair(drifted);
    this.#options.changed();
  }

  /** Where clients reach it, and how much of it runs. */
  get deployed(): Deployed {
    const { objects } = this.#options;
    const made = this.#made;
    if (made === undefined) return NOT_DEPLOYED;
    if (!made.ok) return { ...NOT_DEPLOYED, problem: made.refusal.message };
    const live = (kinds: readonly string[]): ApiObject | undefined => {
      const manifest = made.value.manifests.find(({ kind }) => kinds.includes(kind));
      return manifest && objects.get(manifest.kind, manifest.metadata.namespace, manifest.metadata.name);
    };
    const requested = this.#infra?.gateways.flatMap(({ addresses }) => addresses) ?? [];
    const service = live(['Service']);
    const unusable = notGiven(service, requested);
    return {
      addresses: addressesOf(service, requested, objects.nodes()),
      ...(unusable.length === 0 ? {} : { unusable }),
      replicas: replicasOf(live(['Deployment', 'DaemonSet'])),
      problem: this.#problem,
    };
  }

  /** Ends all work on its objects, which stay. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRepair();
    this.#cancelRetry();
    this.#cancelRenewal();
    await this.#running;
  }

  #bring(): void {
    if (!this.#isActive || this.#isClosed || this.#infra === undefined) return;
    this.#isAgain = true;
    this.#cancelRetry();
    const rest = this.#notBefore - this.#options.clock.now();
    if (rest > 0) {
      this.#cancelRetry = this.#options.clock.after(rest, () => this.#bring());
      return;
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // It was asked for just then, or changed while it was applied.
      if (this.#isAgain) this.#bring();
      else this.look();
    });
  }

  async #run(): Promise<void> {
    const { clock, log, changed } = this.#options;
    while (this.#isAgain && !this.#isClosed && this.#made !== undefined && clock.now() >= this.#notBefore) {
      this.#isAgain = false;
      const problem = await this.#apply(this.#made).catch((error: unknown): Problem => ({
        message: messageOf(error),
        retryAfter: askedPause(error),
      }));
      if (problem?.message !== this.#problem) {
        this.#problem = problem?.message;
        if (problem !== undefined) log.error({ reason: problem.message }, 'the proxy cannot be deployed');
        changed();
      }
      this.#failures = problem === undefined ? 0 : this.#failures + 1;
      const asked = problem?.retryAfter ?? 0;
      this.#notBefore = asked === 0 ? 0 : clock.now() + asked;
      if (problem !== undefined) this.#retry();
    }
  }

  #retry(): void {
    const { clock, random } = this.#options;
    const pause = Math.max(this.#notBefore - clock.now(), backOff(this.#failures, RETRY.first, random(), RETRY.most));
    this.#cancelRetry = clock.after(pause, () => this.#bring());
  }

  /** Applies everything, and removes what is not wanted any more; resolves with what is wrong. */
  async #apply(made: ReturnType<typeof proxyObjects>): Promise<Problem | undefined> {
    if (!made.ok) return { message: made.refusal.message, retryAfter: 0 };
    const { identity, manifests } = made.value;
    const secret = await this.#certificate(identity);
    const wanted = new Set([secret, ...manifests].map(idOf));
    for (const manifest of [secret, ...manifests]) {
      if (this.#isClosed || !this.#isActive) return undefined;
      const problem = (await this.#claim(identity, manifest)) ?? (await this.#applyOne(manifest));
      if (problem !== undefined) return problem;
    }
    const { objects, key } = this.#options;
    await removeObjects(
      this.#options,
      objects.of(key).filter((object) => !wanted.has(idOf(object))),
    );
    for (const id of this.#applied.keys()) if (!wanted.has(id)) this.#applied.delete(id);
    return undefined;
  }

  /**
   * Sees to it that an object which is there already may be applied; resolves with what is wrong. One by the name that proxies
   * get of themselves is left alone where it is somebody else's; what Envoy Gateway applied becomes ours, to be replaced whole.
   */
  async #claim({ name, selector }: Identity, { kind, metadata }: Manifest): Promise<Problem | undefined> {
    const { server, objects } = this.#options;
    const id = idOf({ kind, metadata });
    if (this.#applied.has(id)) return undefined;
    const path = resourcePath(kindOf(kind), { namespace: metadata.namespace, name: metadata.name });
    let found: unknown = objects.get(kind, metadata.namespace, metadata.name);
    if (found === undefined) {
      const answer = await server.ask({ method: 'GET', path });
      if (answer.status === 404) return undefined;
      if (!isGranted(answer)) return refused(`${id} cannot be looked at`, answer);
      // Who says a name in an EnvoyProxy means what has it; one that Envoy Gateway made for it is taken over.
      if (metadata.name === name && at(answer.body, 'metadata', 'labels', MANAGED_BY) !== selector[MANAGED_BY]) {
        const message = `${id} is there already and is of no proxy; remove it, or have an EnvoyProxy give the proxy's another name`;
        return { message, retryAfter: 0 };
      }
      found = answer.body;
    }
    const managedFields = inherited(found, FIELD_MANAGER);
    if (managedFields === undefined) return undefined;
    const body = { metadata: { resourceVersion: versionOf(found), managedFields } };
    const answer = await server.ask({ method: 'PATCH', path, query: { fieldManager: FIELD_MANAGER }, body });
    return isGranted(answer) ? undefined : refused(`${id} cannot be taken over`, answer);
  }

  async #applyOne(manifest: Manifest): Promise<Problem | undefined> {
    const id = idOf(manifest);
    const known = this.#applied.get(id);
    const isSame = known !== undefined && JSON.stringify(known.manifest) === JSON.stringify(manifest);
    if (isSame && !this.#hasDrifted(known)) return undefined;
    let answer = await this.#send(manifest);
    if (isImmutable(answer)) {
      this.#options.log.warn({ object: id }, 'the object cannot be changed into what it is to be; it is made anew');
      await removeObjects(this.#options, [manifest]);
      answer = await this.#send(manifest);
    }
    if (!isGranted(answer)) return refused(`${id} cannot be applied`, answer);
    this.#applied.set(id, { manifest, result: answer.body, isSeen: false });
    return undefined;
  }

  #send(manifest: Manifest): Promise<ApiAnswer> {
    const { namespace, name } = manifest.metadata;
    return this.#options.server.ask({
      method: 'PATCH',
      path: resourcePath(kindOf(manifest.kind), { namespace, name }),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      patch: 'application/apply-patch+yaml',
      body: manifest,
    });
  }

  /** The Secret by which the proxy is known: as it is while it is good, with a new certificate in time before it is not. */
  async #certificate(identity: Identity): Promise<Manifest> {
    const { key, objects, authority, clock } = this.#options;
    const { namespace, certificate: name, labels, annotations, ownerReferences } = identity;
    const signer = authority();
    const secret = objects.get('Secret', namespace, name);
    const purpose = { kind: 'proxy', key } as const;
    const known = pairIn(secret);
    const isKept = known !== undefined && isGood(known, signer.trusted, purpose, clock.now());
    const pair = isKept ? known : await issue(signer, purpose, clock.now());
    this.#cancelRenewal();
    this.#cancelRenewal = clock.after(Math.min(renewAt(pair.certificate) - clock.now(), LONGEST_TIMER), () =>
      this.#bring(),
    );
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels, annotations, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
      type: 'kubernetes.io/tls',
      data: dataOf(pair, signer.trusted),
    };
  }

  /** Whether an object was changed or removed since it was applied; what has not been seen since then is on its way. */
  #hasDrifted(applied: Applied): boolean {
    const { kind, metadata } = applied.manifest;
    const now = this.#options.objects.get(kind, metadata.namespace, metadata.name);
    if (now === undefined) return applied.isSeen;
    if (isOlder(versionOf(now), versionOf(applied.result))) return false;
    applied.isSeen = true;
    return hasDrifted(applied.manifest, applied.result, now);
  }

  /** At once, and ever later while somebody else changes it back. */
  #repair(drifted: readonly Applied[]): void {
    const { clock, random, log } = this.#options;
    const now = clock.now();
    this.#repairs = { count: now - this.#repairs.at > CALM ? 1 : this.#repairs.count + 1, at: now };
    log.warn(
      { objects: drifted.map(({ manifest }) => idOf(manifest)) },
      'objects were changed or removed; they are applied again',
    );
    if (this.#repairs.count === 1) {
      this.#bring();
      return;
    }
    this.#isRepairing = true;
    this.#cancelRepair = clock.after(backOff(this.#repairs.count - 1, RETRY.first, random(), RETRY.most), () => {
      this.#isRepairing = false;
      this.#bring();
    });
  }
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** What keeps a proxy from being deployed. */
interface Problem {
  readonly message: string;
  /** How long the API server asks to be left alone, in milliseconds. */
  readonly retryAfter: number;
}

function refused(what: string, { status, body, retryAfter = 0 }: ApiAnswer): Problem {
  return { message: `${what}: ${statusMessage(body) ?? `status ${status}`}`, retryAfter };
}

/** An object that was applied. */
interface Applied {
  readonly manifest: Manifest;
  /** What the API server made of it. */
  readonly result: unknown;
  /** Whether it has been seen since. */
  isSeen: boolean;
}

/** Repairs that are further apart are not in a row. Milliseconds. */
const CALM = 60_000;

function versionOf(object: unknown): string {
  const version = at(object, 'metadata', 'resourceVersion');
  return typeof version === 'string' ? version : '';
}

/** Timers hold no more milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

type Placed = Pick<ApiObject, 'kind'> & { readonly metadata: { readonly name: string; readonly namespace?: string } };

/** Removes objects; those that are gone are fine. */
export async function removeObjects(
  { server, log }: Pick<DeployerOptions, 'server' | 'log'>,
  objects: readonly Placed[],
): Promise<void> {
  for (const { kind, metadata } of objects) {
    const { namespace = '', name } = metadata;
    const answer = await server.ask({
      method: 'DELETE',
      path: resourcePath(kindOf(kind), { namespace, name }),
      // Pods of a Deployment go with it.
      query: { propagationPolicy: 'Background' },
    });
    if (isGranted(answer) || answer.status === 404)
      log.info({ object: `${kind} ${namespace}/${name}` }, 'object removed');
    else throw new RequestError(answer, `${kind} ${namespace}/${name} cannot be removed`);
  }
}

/** Kubernetes says so of what a change cannot be made to. */
function isImmutable({ status, body }: ApiAnswer): boolean {
  return status === 422 && /field is immutable|may not change once set/u.test(statusMessage(body) ?? '');
}

function replicasOf(workload: ApiObject | undefined): Deployed['replicas'] {
  const status = (...fields: readonly string[]): number => {
    const counts = fields.map((field) => at(workload, 'status', field));
    return counts.find((count) => typeof count === 'number') ?? 0;
  };
  const wanted = at(workload, 'spec', 'replicas');
  return {
    available: status('availableReplicas', 'numberAvailable'),
    wanted: typeof wanted === 'number' ? wanted : status('desiredNumberScheduled'),
  };
}

function idOf({ kind, metadata }: Placed): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
