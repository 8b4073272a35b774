import { isObject } from '#controller/api/compile.ts';
import { backOff } from '#controller/fetch/back-off.ts';
import type { Clock } from '#controller/runtime/clock.ts';
import type { ProxyRejections } from '#controller/status/rejections.ts';
import { type ApiAnswer, type ApiServer, isGranted } from '../api-server.ts';
import { type ApiObject, type Health, Reflector } from '../reflector.ts';
import { shortHash } from '../lease/lease-name.ts';
import { askedPause, RequestError } from '../request-error.ts';
import { resourcePath } from '../resource-path.ts';
import { readRejections, writeRejections } from './rejection-lines.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** A replica of the controller. */
export interface Replica {
  /** The name of its pod, or of its host. */
  readonly name: string;
  /** The uid of its pod; `undefined` where it is in none. */
  readonly podUid: string | undefined;
}

/** What is exchanged, and with what. */
export interface RejectionExchangeOptions {
  readonly server: ApiServer;
  /** The controller's own. */
  readonly namespace: string;
  /** Replicas of one name tell each other. */
  readonly controllerName: string;
  readonly replica: Replica;
  /** What the Envoys reject that are connected here. */
  readonly rejections: () => readonly ProxyRejections[];
  /** Others tell something else than before. */
  readonly changed: () => void;
  /** What is told is renewed so often, while there is anything. Milliseconds. */
  readonly renew: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: Health;
  readonly failed: (message: string) => void;
}

/** Label of what replicas tell each other: the name of their controller, hashed. */
export const REJECTIONS_LABEL = 'sluice.dev/rejections';

const CONFIG_MAPS = { group: '', version: 'v1', plural: 'configmaps' };
/** Changes that come so close together are one. Milliseconds. */
const SETTLE = 100;
/** Of its own time looking takes at most a tenth. */
const REST = 10;
/** Between two writes. Milliseconds. */
const BETWEEN = 1_000;
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 20_000;
/** Longer it never waits, whatever becomes of the machine's clock. Milliseconds. */
const LONGEST_REST = 60_000;
/** Who has not renewed what it told for so many times in a row is dead. */
const MISSED = 4;

/** What another replica tells. */
interface Told {
  readonly version: string;
  readonly text: string;
  readonly proxies: readonly ProxyRejections[];
  /** When that was news, by our own clock. */
  seenAt: number;
  /** It does not once it has not been renewed for long. */
  counts: boolean;
}

/**
 * Tells the other replicas what the Envoys reject that are connected to this one, in a ConfigMap of its own, and knows what they
 * tell: each proxy is known to the replicas that it is connected to, and one replica writes statuses. The ConfigMap is there
 * while there is something to tell, and its pod owns it. It is renewed meanwhile: what a replica told that is dead without its
 * pod being gone, or was never in one, counts no more after a while by the clock of the reader, and the leader removes it.
 */
export class RejectionExchange {
  readonly #options: RejectionExchangeOptions;
  readonly #label: string;
  readonly #name: string;
  readonly #reflector: Reflector;
  readonly #others = new Map<string, Told>();
  /** What our own says, empty where it is not there; `undefined` before that is known. */
  #there: string | undefined;
  #isLeading = false;
  #isStopped = false;
  #isWriting = false;
  #isRenewalDue = false;
  /** It was looked for in the meantime. */
  #isAgain = false;
  #failures = 0;
  #leftOut = 0;
  #notBefore = 0;
  #lookTook = 0;
  #cancelLook: (() => void) | undefined;
  #cancelTick: () => void = () => undefined;

  constructor(options: RejectionExchangeOptions) {
    this.#options = options;
    const { server, namespace, controllerName, replica, clock, random, health } = options;
    this.#label = shortHash(controllerName);
    this.#name = `sluice-rejections-${this.#label}-${shortHash(replica.name)}`;
    this.#reflector = new Reflector({
      server,
      ...CONFIG_MAPS,
      versions: [CONFIG_MAPS.version],
      kind: 'ConfigMap',
      namespace,
      labelSelector: `${REJECTIONS_LABEL}=${this.#label}`,
      mayBeAbsent: false,
      clock,
      random,
      health,
      reflection: {
        upsert: (object) => this.#take(object),
        delete: ({ metadata }) => this.#forget(metadata.name),
        listed: (seen) => {
          for (const name of [...this.#others.keys(), this.#name]) {
            if (!seen.has(`${namespace}/${name}`)) this.#forget(name);
          }
        },
      },
    });
  }

  /** Begins to tell and to listen, until `stop`. */
  start(): void {
    this.#reflector.start();
    this.#tickLater();
  }

  /** Tells no more; what was told last counts until our pod is gone, or another is there in its place. */
  stop(): void {
    this.#isStopped = true;
    this.#reflector.stop();
    this.#cancelLook?.();
    this.#cancelTick();
  }

  /** What the Envoys reject that are connected to other replicas. */
  others(): readonly ProxyRejections[] {
    return [...this.#others.values()].flatMap(({ counts, proxies }) => (counts ? proxies : []));
  }

  /** From now on it removes what the dead have told, or no more. Who begins to lead leaves everybody time to renew. */
  lead(isLeading: boolean): void {
    this.#isLeading = isLeading;
    if (!isLeading) return;
    for (const told of this.#others.values()) {
      told.seenAt = this.#options.clock.now();
      told.counts = true;
    }
  }

  /** Something else may be to be told. */
  look(): void {
    if (this.#isStopped) return;
    if (this.#isWriting) this.#isAgain = true;
    if (this.#isWriting || this.#cancelLook !== undefined) return;
    const { clock } = this.#options;
    const rest = Math.min(this.#notBefore - clock.now(), LONGEST_REST);
    const pause = Math.max(SETTLE, this.#lookTook * REST, rest);
    this.#cancelLook = clock.after(pause, () => {
      this.#cancelLook = undefined;
      void this.#tell();
    });
  }

  async #tell(): Promise<void> {
    const { clock, random, failed } = this.#options;
    const text = this.#text();
    if (this.#there === undefined || (text === this.#there && (text === '' || !this.#isRenewalDue))) return;
    this.#isWriting = true;
    this.#isAgain = false;
    try {
      if (text === '') await this.#remove(this.#name);
      else await this.#write(text);
      this.#there = text;
      this.#isRenewalDue = false;
      this.#failures = 0;
      this.#notBefore = clock.now() + BETWEEN;
    } catch (error) {
      this.#failures += 1;
      this.#isAgain = true;
      const pause = Math.max(askedPause(error), backOff(this.#failures, FIRST_PAUSE, random(), LONGEST_PAUSE));
      this.#notBefore = clock.now() + pause;
      if (!this.#isStopped) failed(messageOf(error));
    }
    this.#isWriting = false;
    if (this.#isAgain) this.look();
  }

  /** What is to be told. */
  #text(): string {
    const began = performance.now();
    const { text, leftOut } = writeRejections(this.#options.rejections());
    this.#lookTook = performance.now() - began;
    if (leftOut > this.#leftOut) {
      this.#options.failed(
        `so much is rejected that ${leftOut} of it cannot be told to the replica that writes statuses`,
      );
    }
    this.#leftOut = leftOut;
    return text;
  }

  async #write(text: string): Promise<void> {
    const { clock, namespace, replica } = this.#options;
    const { podUid: uid, name } = replica;
    const owner = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: this.#name,
        namespace,
        labels: { [REJECTIONS_LABEL]: this.#label },
        ...(uid === undefined ? {} : { ownerReferences: [owner] }),
      },
      data: { replica: name, renewed: new Date(clock.now()).toISOString(), rejections: text },
    };
    const patched = await this.#ask('PATCH', this.#name, body);
    const answer = patched.status === 404 ? await this.#ask('POST', undefined, body) : patched;
    if (!isGranted(answer)) throw new RequestError(answer, `ConfigMap ${namespace}/${this.#name}`);
  }

  async #remove(name: string): Promise<void> {
    const answer = await this.#ask('DELETE', name);
    if (!isGranted(answer) && answer.status !== 404) {
      throw new RequestError(answer, `ConfigMap ${this.#options.namespace}/${name}`);
    }
  }

  #ask(method: 'PATCH' | 'POST' | 'DELETE', name: string | undefined, body?: object): Promise<ApiAnswer> {
    const { server, namespace } = this.#options;
    const path = resourcePath(CONFIG_MAPS, name === undefined ? { namespace } : { namespace, name });
    return server.ask({ method, path, ...(body === undefined ? {} : { body }) });
  }

  #take({ metadata, data }: ApiObject): void {
    const { rejections } = isObject(data) ? data : {};
    const text = typeof rejections === 'string' ? rejections : '';
    const { name, resourceVersion: version = '' } = metadata;
    if (name === this.#name) {
      this.#know(text);
      return;
    }
    const known = this.#others.get(name);
    if (known?.version === version) return;
    const proxies = known?.text === text ? known.proxies : readRejections(text);
    this.#others.set(name, { version, text, proxies, seenAt: this.#options.clock.now(), counts: true });
    if (known?.text !== text || !known.counts) this.#options.changed();
  }

  #forget(name: string): void {
    if (name === this.#name) this.#know('');
    else if (this.#others.delete(name)) this.#options.changed();
  }

  /** Somebody may have changed or removed it, or it is of who was here before: it becomes what it is to be. */
  #know(text: string): void {
    if (this.#isWriting || this.#there === text) return;
    this.#there = text;
    this.look();
  }

  #tickLater(): void {
    const { clock, renew } = this.#options;
    this.#cancelTick = clock.after(renew, () => {
      this.#isRenewalDue = true;
      this.look();
      this.#expire();
      this.#tickLater();
    });
  }

  #expire(): void {
    const { clock, renew, changed } = this.#options;
    for (const [name, told] of this.#others) {
      if (clock.now() - told.seenAt <= renew * MISSED) continue;
      if (told.counts) {
        told.counts = false;
        changed();
      }
      // Where that fails it is tried again with the next tick.
      if (this.#isLeading) this.#remove(name).catch(() => undefined);
    }
  }
}
