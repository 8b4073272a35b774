import { isObject } from '#controller/api/compile.ts';
import { backOff } from '../fetch/back-off.ts';
import type { Clock } from '../runtime/clock.ts';
import { type ApiServer, isGranted } from './api-server.ts';
import type { ApiMetadata, ApiObject } from './reflector.ts';
import { resourcePath, statusMessage } from './resource-path.ts';

/** With what classes are watched over. */
export interface ClassFinalizersOptions {
  readonly server: ApiServer;
  readonly controllerName: string;
  /** Whether it is told of the Gateways of every namespace, also of those that are not read. */
  readonly seesAll: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly failed: (what: string, message: string) => void;
}

/**
 * A GatewayClass is not to go while there are Gateways of it (Gateway API, GatewayClassFinalizerGatewaysExist), whoever reads
 * the namespaces that they are in.
 */
const GATEWAYS_EXIST = 'gateway-exists-finalizer.gateway.networking.k8s.io';

/** Milliseconds before the first further try, and the most between two. */
const RETRY = { first: 500, most: 30_000 } as const;

interface Class {
  readonly version: string;
  readonly isOurs: boolean;
  readonly isEnding: boolean;
  /** Where in its list the finalizer is; -1 for nowhere. */
  readonly place: number;
}

const UNSEEN =
  'it stays: Gateways in namespaces that are not watched may be of the class; once none is, whoever deletes the class may take it off';

/**
 * Takes the finalizer from classes of ours that no Gateway is of, where another controller of the same name, Envoy Gateway say,
 * has left it: nobody else would, and the class could never be deleted. None is added here. Where not all Gateways are seen it
 * is left alone, and told of once when it holds up a class that is being deleted.
 */
export class ClassFinalizers {
  readonly #options: ClassFinalizersOptions;
  readonly #classes = new Map<string, Class>();
  /** The class of each Gateway, by "<namespace>/<name>". */
  readonly #gateways = new Map<string, string>();
  readonly #writing = new Set<string>();
  /** Classes that are held up and of which that has been told. */
  readonly #told = new Set<string>();
  #isLeading = false;
  #failures = 0;
  /** Before then nothing is asked. */
  #restUntil = 0;
  #cancelRetry: () => void = () => undefined;

  constructor(options: ClassFinalizersOptions) {
    this.#options = options;
  }

  /** From now on it writes, or no more: everything that exists has been seen by then. */
  lead(isLeading: boolean): void {
    this.#isLeading = isLeading;
    this.#cancelRetry();
    this.#told.clear();
    if (isLeading) this.#lookAgain();
  }

  /** An object of any kind and namespace is as it is. */
  seen(object: ApiObject): void {
    const { apiVersion, kind, metadata } = object;
    const spec = isObject(object['spec']) ? object['spec'] : {};
    if (kind === 'Gateway') this.#gateways.set(placeOf(metadata), String(spec['gatewayClassName']));
    else if (kind === 'GatewayClass') {
      const finalizers = metadata['finalizers'];
      this.#classes.set(metadata.name, {
        version: apiVersion.split('/').at(-1) ?? '',
        isOurs: spec['controllerName'] === this.#options.controllerName,
        isEnding: metadata['deletionTimestamp'] !== undefined,
        place: Array.isArray(finalizers) ? finalizers.indexOf(GATEWAYS_EXIST) : -1,
      });
    } else return;
    this.#look();
  }

  gone(kind: string, metadata: ApiMetadata): void {
    if (kind === 'Gateway') this.#gateways.delete(placeOf(metadata));
    else if (kind === 'GatewayClass') this.#forget(metadata.name);
    else return;
    this.#look();
  }

  /** A list of a kind is whole. */
  listed(kind: string, namespace: string | undefined, seen: ReadonlySet<string>): void {
    if (kind === 'Gateway') {
      for (const place of this.#gateways.keys())
        if (!seen.has(place) && (namespace === undefined || place.startsWith(`${namespace}/`)))
          this.#gateways.delete(place);
    } else if (kind === 'GatewayClass') {
      for (const name of this.#classes.keys()) if (!seen.has(`/${name}`)) this.#forget(name);
    } else return;
    this.#look();
  }

  #forget(name: string): void {
    this.#classes.delete(name);
    this.#told.delete(name);
  }

  /** Looks when it has rested. */
  #lookAgain(): void {
    const { clock } = this.#options;
    this.#cancelRetry();
    const rested = (): void => {
      this.#restUntil = 0;
      this.#look();
    };
    const rest = this.#restUntil - clock.now();
    if (rest > 0) this.#cancelRetry = clock.after(rest, rested);
    else rested();
  }

  #look(): void {
    if (!this.#isLeading || this.#options.clock.now() < this.#restUntil) return;
    const left = [...this.#classes].filter(
      ([name, { isOurs, place }]) => isOurs && place !== -1 && !this.#writing.has(name),
    );
    if (left.length === 0) return;
    if (!this.#options.seesAll) {
      for (const [name, { isEnding }] of left) if (isEnding) this.#tell(name);
      return;
    }
    const used = new Set(this.#gateways.values());
    for (const [name, found] of left) if (!used.has(name)) void this.#take(name, found);
  }

  #tell(name: string): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#options.failed(finalizerOf(name), UNSEEN);
  }

  async #take(name: string, { version, place }: Class): Promise<void> {
    const { server, clock, random, failed } = this.#options;
    this.#writing.add(name);
    const path = `/metadata/finalizers/${place}`;
    const answer = await server
      .ask({
        method: 'PATCH',
        path: resourcePath({ group: 'gateway.networking.k8s.io', version, plural: 'gatewayclasses' }, { name }),
        patch: 'application/json-patch+json',
        // Others may have changed the list since.
        body: [
          { op: 'test', path, value: GATEWAYS_EXIST },
          { op: 'remove', path },
        ],
      })
      .catch(String);
    this.#writing.delete(name);
    // Gone is as good; what has changed since is heard of.
    if (typeof answer !== 'string' && (isGranted(answer) || answer.status === 404 || answer.status === 422)) {
      this.#failures = 0;
      return;
    }
    const message = typeof answer === 'string' ? answer : (statusMessage(answer.body) ?? `status ${answer.status}`);
    failed(finalizerOf(name), message);
    this.#failures += 1;
    const asked = typeof answer === 'string' ? 0 : (answer.retryAfter ?? 0);
    const pause = Math.max(asked, backOff(this.#failures, RETRY.first, random(), RETRY.most));
    this.#restUntil = Math.max(this.#restUntil, clock.now() + pause);
    if (this.#isLeading) this.#lookAgain();
  }
}

function finalizerOf(name: string): string {
  return `finalizer of GatewayClass ${name}`;
}

function placeOf({ namespace = '', name }: ApiMetadata): string {
  return `${namespace}/${name}`;
}
