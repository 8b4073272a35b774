import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates } from 'node:tls';
import { createClient } from '@redis/client';
import type { Logger } from 'pino';
import { type CounterStore, type Lease, type LeaseQuestion, MOST_SHARE } from './counter-store.ts';

/** Where a Redis is. */
export interface RedisAddress {
  /** "redis://user:password@host:port/database", or "rediss:" for TLS. Secret. */
  readonly url: string;
  /** Certificates in PEM that are trusted beside the machine's own. */
  readonly ca?: string;
  /** What we show to a server that wants a certificate: PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** How long it may take to answer; who asks fails then. Milliseconds; 500 where nothing is said. */
  readonly patience?: number;
}

const PATIENCE = 500;
const CONNECT_TIMEOUT = 1000;
/** How often we look whether the connection is alive, and when it is given up. Milliseconds. */
const PING_INTERVAL = 1000;
const SILENCE_TIMEOUT = 3000;
/** Pauses before a connection is tried again. Milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

/**
 * One step, so that no two askers get the same: KEYS[1] is the counter; ARGV are limit, window (s), wanted and needed; gives
 * what is granted, what remains, how long the window lasts (ms), and its number.
 *
 * The number of the window stands beside the count ("<window>:<count>"): expiry only frees memory, and a clock of Redis that
 * goes back reopens no window.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length = ARGV[2] * 1000
local window = math.floor(now / length)
local used = 0
local known = redis.call('GET', KEYS[1])
if known then
  local number, count = string.match(known, '^(%d+):(%d+)$')
  if number and tonumber(number) >= window then
    window = tonumber(number)
    used = tonumber(count)
  end
end
local left = math.max(0, ARGV[1] - used)
local share = math.min(tonumber(ARGV[3]), math.ceil(left / ${MOST_SHARE}))
local granted = math.min(left, math.max(tonumber(ARGV[4]), share))
local lasts = (window + 1) * length - now
if granted > 0 then
  redis.call('SET', KEYS[1], string.format('%d:%d', window, used + granted), 'PX', lasts)
end
return { granted, left - granted, lasts, window }
`;
const SCRIPT_SHA1 = createHash('sha1').update(SCRIPT).digest('hex');

/**
 * Counts in Redis, for all proxies that use the same one. While it cannot be reached every question fails at once: nothing
 * is counted elsewhere in its stead. The connection is tried again for ever.
 */
export class RedisStore implements CounterStore {
  readonly #client: ReturnType<typeof createClient>;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #patience: number;
  readonly #ready = Promise.withResolvers<void>();
  /** Questions under way. */
  readonly #asked = new Set<Promise<unknown>>();
  #isDown = false;

  /** Throws where the address or what is to be shown is none; what it throws may hold the URL. */
  constructor({ url, ca, tls, patience = PATIENCE }: RedisAddress, log: Logger, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
    this.#patience = patience;
    const common = {
      connectTimeout: CONNECT_TIMEOUT,
      socketTimeout: SILENCE_TIMEOUT,
      reconnectStrategy: (retries: number) => pauseAfter(retries, Math.random()),
    };
    const shown = tls === undefined ? {} : { cert: tls.certificate, key: tls.key };
    const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
    // What asks for TLS is not sent in the clear, whatever the URL says.
    const secure = tls === undefined ? url : url.replace(/^redis:/u, 'rediss:');
    const socket = secure.startsWith('rediss:')
      ? { ...common, ...shown, ...trusted, ...named(secure), tls: true as const }
      : common;
    this.#client = createClient({ url: secure, disableOfflineQueue: true, pingInterval: PING_INTERVAL, socket });
    this.#client.on('error', (error: unknown) => this.#noteDown(error));
    this.#client.on('ready', () => this.#noteUp());
    void this.#client.connect().catch((error: unknown) => this.#noteDown(error));
  }

  /** Resolves when it has been connected to Redis once. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async lease({ counter, limit, window, wanted, needed }: LeaseQuestion): Promise<Lease> {
    const key = `sluice:rate-limit:${window}:${Buffer.from(counter).toString('base64url')}`;
    const args = ['1', key, ...[limit, window, wanted, needed].map(String)];
    // The end is reckoned from before the question, so that it is never too late.
    const asked = this.#now();
    const answer = await this.#noted(withinTime(this.#run(args), this.#patience));
    if (!isAnswer(answer)) throw new Error('Redis answered otherwise than the script does');
    const [granted, remaining, lasts, windowNumber] = answer;
    return { granted, remaining, end: asked + lasts, windowNumber };
  }

  /** Ends the connection once what was asked has been answered. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#asked);
    this.#client.destroy();
  }

  async #noted<T>(answer: Promise<T>): Promise<T> {
    this.#asked.add(answer);
    try {
      return await answer;
    } finally {
      this.#asked.delete(answer);
    }
  }

  async #run(args: readonly string[]): Promise<unknown> {
    try {
      return await this.#client.sendCommand(['EVALSHA', SCRIPT_SHA1, ...args]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return this.#client.sendCommand(['EVAL', SCRIPT, ...args]);
    }
  }

  #noteDown(error: unknown): void {
    if (!this.#isDown)
      this.#log.error({ reason: reasonOf(error) }, 'no connection to Redis: global rate limits cannot be counted');
    this.#isDown = true;
  }

  #noteUp(): void {
    this.#log.info('connected to Redis');
    this.#isDown = false;
    this.#ready.resolve();
  }
}

/** The name that a server is asked for by; an address is none (RFC 6066, section 3). */
function named(url: string): { readonly servername?: string } {
  const { hostname } = new URL(url);
  return hostname.startsWith('[') || isIP(hostname) !== 0 ? {} : { servername: hostname };
}

/** How long to wait after so many attempts; a random part keeps many from coming at once. */
function pauseAfter(retries: number, random: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(retries, 10)) * (0.5 + random / 2);
}

/**
 * Fails when the work is late. Where this process itself was held up (a collection of garbage, a busy machine) Node tells of
 * the time before it reads what has come meanwhile: that is read first.
 */
async function withinTime<T>(work: Promise<T>, patience: number): Promise<T> {
  const timer = new AbortController();
  const late = sleep(patience, undefined, { signal: timer.signal })
    .then(() => turn())
    .then(
      () => Promise.reject(new Error(`Redis has not answered within ${patience} ms`)),
      () => new Promise<never>(() => undefined),
    );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

function isAnswer(value: unknown): value is readonly [number, number, number, number] {
  return Array.isArray(value) && value.length === 4 && value.every((one) => typeof one === 'number');
}

/** The words of an error; none of them is the URL, which holds a password. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
