import { manualClock } from '#controller/runtime/testing/manual-clock.ts';
import { Session, SESSION_TIMES } from '#controller/server/ads/session.ts';
import type { DeltaRequest, DeltaResponse } from '#controller/server/ads/wire.ts';
import type { XdsSnapshot } from '#controller/xds/snapshot.ts';
import { typeOfUrl, typeUrl, XDS_TYPES, type XdsType } from '#controller/xds/types.ts';

/** What a client has of one kind: versions by name. */
type Has = Map<string, string>;

/**
 * A client of a session that takes whatever it is sent, and asks for what Envoy would: the endpoints of its clusters, the
 * routes of its listeners, every virtual host.
 */
export class ObedientClient {
  readonly #clock = manualClock();
  readonly #session: Session;
  readonly #has = new Map<XdsType, Has>(XDS_TYPES.map((type) => [type, new Map()]));
  readonly #named = new Map<XdsType, Set<string>>();
  readonly #queue: DeltaResponse[] = [];
  #sent = 0;

  constructor(desired: XdsSnapshot) {
    this.#session = new Session(desired, {
      clock: this.#clock,
      send: (response) => this.#queue.push(response),
      rejected: () => undefined,
      settled: () => undefined,
      warming: () => undefined,
    });
    for (const type of ['cluster', 'listener', 'virtual-host', 'secret', 'extension-config'] as const) this.#say(type);
    this.#name('secret', desired.secret.keys());
    this.#name('extension-config', desired['extension-config'].keys());
    this.#follow(desired);
  }

  /** Number of resources that were sent since the last time this was asked. */
  get sent(): number {
    const sent = this.#sent;
    this.#sent = 0;
    return sent;
  }

  /** What it has of a kind, by name, with versions. */
  has(type: XdsType): ReadonlyMap<string, string> {
    return this.#has.get(type) ?? new Map();
  }

  /** Takes a new snapshot to its end. */
  publish(desired: XdsSnapshot): void {
    this.#session.publish(desired);
    this.#name('secret', desired.secret.keys());
    this.#follow(desired);
  }

  #follow(desired: XdsSnapshot): void {
    this.#drain(desired);
    this.#clock.pass(SESSION_TIMES.drain);
    this.#drain(desired);
  }

  #drain(desired: XdsSnapshot): void {
    for (let response = this.#queue.shift(); response !== undefined; response = this.#queue.shift()) {
      const type = typeOfUrl(response.typeUrl);
      if (type === undefined) throw new Error(`${response.typeUrl} was sent`);
      const has = this.#has.get(type) ?? new Map<string, string>();
      for (const { name, version } of response.resources) has.set(name, version);
      for (const name of response.removed) has.delete(name);
      this.#sent += response.resources.length;
      if (type === 'cluster') this.#name('endpoint', has.keys());
      if (type === 'listener') this.#name('route', has.size === 0 ? [] : desired.route.keys());
      this.#say(type, { nonce: response.nonce });
    }
  }

  /** Asks for resources by their names, and no longer for others. */
  #name(type: XdsType, names: Iterable<string>): void {
    const now = new Set(names);
    const before = this.#named.get(type) ?? new Set();
    const [subscribe, unsubscribe] = [[...now.difference(before)], [...before.difference(now)]];
    this.#named.set(type, now);
    for (const name of unsubscribe) this.#has.get(type)?.delete(name);
    if (subscribe.length + unsubscribe.length > 0) this.#say(type, { subscribe, unsubscribe });
  }

  #say(type: XdsType, words: Partial<DeltaRequest> = {}): void {
    const nothing = { nonce: '', error: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map() };
    this.#session.receive({ typeUrl: typeUrl(type), ...nothing, ...words });
  }
}
