/**
 * What the filters of a proxy may use of global rate limits, granted in parts.
 *
 * In: encoded `LeaseRequest`s, where to count. Out: encoded `LeaseResponse`s. Refuses to know: requests, routes, policies.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { schema } from '#proto/load.ts';
import type { CounterStore, LeaseQuestion } from './counter-store.ts';
import { MemoryStore } from './memory-store.ts';
import { type RedisAddress, RedisStore } from './redis-store.ts';

/** Where to count. */
export type CountIn =
  | { readonly kind: 'memory' }
  | ({ readonly kind: 'redis' } & RedisAddress)
  /** Nowhere, and why: then nothing is granted. */
  | { readonly kind: 'nowhere'; readonly impediment: string };

/** How long a question may wait for the word where to count. Milliseconds. */
const PATIENCE = 900;
/** How long counting goes on by the last connection to a Redis while the next one to the same is made. Milliseconds. */
const HANDOVER = 3_000;

/** That a question cannot be answered now: nothing is wrong with it. */
export class Unanswerable extends Error {}

/** The leases of one sidecar. Until it is told where to count it grants nothing: counting elsewhere would allow too much. */
export class Leases {
  readonly #log: Logger;
  #told: PromiseWithResolvers<CounterStore> = Promise.withResolvers();
  #where: CountIn | undefined;
  #store: CounterStore | undefined;
  /** What takes its place as soon as it is connected. */
  #next: CounterStore | undefined;
  #failures = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Counts here from now on; what was counted elsewhere is not carried over. The same again changes nothing. */
  countIn(where: CountIn): void {
    const before = this.#where;
    if (JSON.stringify(where) === JSON.stringify(before)) return;
    this.#where = where;
    void this.#next?.close();
    this.#next = undefined;
    const store = this.#storeOf(where);
    if (where.kind === 'nowhere') this.#log.error({ reason: where.impediment }, 'global rate limits cannot be counted');
    else this.#log.info({ where: where.kind }, 'global rate limits are counted');
    // The same Redis by another certificate or password: no request is refused for the time that connecting takes.
    if (store instanceof RedisStore && isSamePlace(before, where)) {
      this.#next = store;
      void this.#handOver(store);
    } else {
      this.#take(store);
    }
  }

  /** Answers an encoded `LeaseRequest`. Throws `Unanswerable` while the store is out of reach, another error when it is none. */
  async answer(request: Uint8Array): Promise<Uint8Array> {
    const { echo, ...question } = fromBinary(schema('sluice.sidecar.v1.LeaseRequest'), request);
    if (question.counter.byteLength !== 32 || question.window === 0) throw new Error('no counter is asked for');
    const { granted, remaining, end, windowNumber } = await this.#lease(question);
    const type = schema('sluice.sidecar.v1.LeaseResponse');
    const until = { end: BigInt(Math.floor(end)) * 1_000_000n, windowNumber: BigInt(windowNumber) };
    return toBinary(type, create(type, { echo, granted, remaining, ...until }));
  }

  /** Ends the connection to the store. */
  async close(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    await next?.close();
    await this.#store?.close();
  }

  async #handOver(store: RedisStore): Promise<void> {
    await Promise.race([store.ready, sleep(HANDOVER, undefined, { ref: false })]);
    if (this.#next === store) this.#take(store);
  }

  #take(store: CounterStore): void {
    void this.#store?.close();
    this.#store = store;
    this.#next = undefined;
    this.#told.resolve(store);
  }

  #storeOf(where: CountIn): CounterStore {
    switch (where.kind) {
      case 'memory':
        return new MemoryStore();
      case 'nowhere':
        return noStore(where.impediment);
      case 'redis':
        try {
          return new RedisStore(where, this.#log);
        } catch {
          // Whatever it says may hold the URL.
          return noStore('the address, certificate or key of Redis cannot be used');
        }
      default:
        return where satisfies never;
    }
  }

  async #lease(question: LeaseQuestion): ReturnType<CounterStore['lease']> {
    try {
      const store = this.#store ?? (await this.#untilTold());
      const lease = await store.lease(question);
      if (this.#failures > 0) this.#log.info({ failures: this.#failures }, 'global rate limits are counted again');
      this.#failures = 0;
      return lease;
    } catch (error) {
      this.#failures += 1;
      // One line when it begins, not one for each request.
      if (this.#failures === 1) this.#log.error({ err: error }, 'global rate limits cannot be counted');
      throw new Unanswerable('the counters are out of reach', { cause: error });
    }
  }

  async #untilTold(): Promise<CounterStore> {
    const timer = new AbortController();
    const late = sleep(PATIENCE, undefined, { signal: timer.signal }).catch(() => undefined);
    const store = await Promise.race([this.#told.promise, late]);
    timer.abort();
    if (store === undefined) throw new Error('the controller has not said yet where to count');
    return store;
  }
}

/** Counts nothing. */
function noStore(impediment: string): CounterStore {
  return { lease: () => Promise.reject(new Error(impediment)), close: () => Promise.resolve() };
}

/** Whether both mean one database, and TLS or the absence of it, whoever we say that we are. */
function isSamePlace(one: CountIn | undefined, other: CountIn): boolean {
  if (one?.kind !== 'redis' || other.kind !== 'redis') return false;
  const place = placeOf(one.url);
  return place !== undefined && place === placeOf(other.url);
}

function placeOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url === null ? undefined : `${url.protocol}//${url.host}${url.pathname}`;
}
