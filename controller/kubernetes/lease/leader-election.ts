import type { Clock } from '#controller/runtime/clock.ts';
import { type ApiServer, isGranted } from '../api-server.ts';
import { askedPause, RequestError } from '../request-error.ts';
import { resourcePath } from '../resource-path.ts';
import { leaseOf, type LeaseRecord, microTime, readLease } from './lease-record.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** Milliseconds, as EnvoyGateway `leaderElection` has them. */
export interface LeasePace {
  /** Who has not renewed for so long is followed by another. */
  readonly leaseDuration: number;
  /** Who could not renew for so long leads no more: before another may begin to. */
  readonly renewDeadline: number;
  /** Between two tries. */
  readonly retryPeriod: number;
}

/** Who takes part in which election, and who is told. */
export interface LeaderElectionOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this process, among all who take part. */
  readonly identity: string;
  readonly pace: LeasePace;
  readonly clock: Clock;
  readonly random: () => number;
  /** It leads from now on, or no more: what only the leader does ends before this returns. */
  readonly changed: (isLeader: boolean) => void;
  /** Why it could not be found out who leads. */
  readonly failed: (message: string) => void;
}

/** Envoy Gateway's defaults. */
export const LEASE_PACE: LeasePace = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

const LEASES = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
/** The longest that giving up a Lease may take at the end. Milliseconds. */
const LONGEST_RELEASE = 2_000;

/**
 * One leader among replicas, by a Lease: whoever holds it renews it in time, and others take it over when it was not renewed
 * for its duration, by their own clock (the times in it are of another machine's). A leader that cannot renew stops to lead
 * before that, so that at no time there are two.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #stopping = new AbortController();
  /** What was read last, and when that was news. */
  #observed: { readonly record: LeaseRecord; readonly at: number } | undefined;
  #isLeader = false;
  #renewedAt = 0;
  /** Whether it is not known what became of a write. */
  #isPutOpen = false;
  #cancelTry: () => void = () => undefined;
  #cancelDeadline: () => void = () => undefined;
  #trying: Promise<void> = Promise.resolve();

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  start(): void {
    this.#tryNow();
  }

  /** Leads no more, and lets another begin at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTry();
    await this.#trying;
    const mayHold = this.#isPutOpen || this.#observed?.record.holder === this.#options.identity;
    this.#lead(false);
    // Who cannot be told finds out by itself, later.
    if (mayHold) await this.#release(AbortSignal.timeout(LONGEST_RELEASE)).catch(() => undefined);
  }

  /** Gives the Lease up. A write that was cut may have reached the API server all the same: then it is read anew first. */
  async #release(signal: AbortSignal): Promise<void> {
    let record = this.#isPutOpen ? await this.#read(signal) : this.#observed?.record;
    while (record?.holder === this.#options.identity) {
      const free = { ...record, holder: '', duration: 1, renewTime: microTime(this.#options.clock.now()) };
      if (await this.#put(free, record.version, signal)) return;
      record = await this.#read(signal);
    }
  }

  #tryNow(): void {
    this.#trying = this.#tryAndWait();
  }

  async #tryAndWait(): Promise<void> {
    const { clock, pace, random, failed } = this.#options;
    /** How long the API server asks to be left alone, also where that costs the leadership: others may be answered. */
    let asked = 0;
    try {
      await this.#try();
    } catch (error) {
      asked = askedPause(error);
      if (!this.#stopping.signal.aborted) failed(messageOf(error));
    }
    if (this.#stopping.signal.aborted) return;
    // Replicas that start together do not ask together.
    const pause = Math.max(asked, pace.retryPeriod * (1 + random() / 5));
    this.#cancelTry = clock.after(pause, () => this.#tryNow());
  }

  async #try(): Promise<void> {
    const { clock, identity, pace } = this.#options;
    const record = this.#isLeader ? this.#observed?.record : await this.#read(this.#signal());
    // Nobody sees the write before that.
    const began = clock.now();
    if (record !== undefined && record.holder !== identity && !this.#isFree(record)) return;
    const time = microTime(began);
    const mine = record?.holder === identity;
    const next = {
      holder: identity,
      duration: Math.max(1, Math.ceil(pace.leaseDuration / 1_000)),
      acquireTime: mine ? record.acquireTime : time,
      renewTime: time,
      transitions: record === undefined ? 0 : record.transitions + (mine ? 0 : 1),
    };
    if (!(await this.#put(next, record?.version, this.#signal()))) {
      // Somebody else wrote: the next try reads what.
      if (this.#isLeader) await this.#lookAgain();
      return;
    }
    // So late that it would lead no more: the next try may be answered in time.
    if (clock.now() >= began + pace.renewDeadline) return;
    this.#renewedAt = began;
    this.#lead(true);
    this.#armDeadline();
  }

  /** A Lease that changed under its leader may have been edited by hand, or be another's. */
  async #lookAgain(): Promise<void> {
    const record = await this.#read(this.#signal());
    if (record !== undefined && record.holder !== this.#options.identity) this.#lead(false);
  }

  async #read(signal: AbortSignal): Promise<LeaseRecord | undefined> {
    const { server, namespace, name } = this.#options;
    const answer = await server.ask({
      method: 'GET',
      path: resourcePath(LEASES, { namespace, name }),
      signal,
    });
    if (answer.status === 404) return undefined;
    const record = isGranted(answer) ? readLease(answer.body) : undefined;
    if (record === undefined) throw new RequestError(answer, `Lease ${namespace}/${name}`);
    this.#observe(record);
    return record;
  }

  /** Whether the write was the next one; false where somebody else was faster. */
  async #put(record: Omit<LeaseRecord, 'version'>, version: string | undefined, signal: AbortSignal): Promise<boolean> {
    const { server, namespace, name } = this.#options;
    const body = leaseOf({ namespace, name }, record, version);
    this.#isPutOpen = true;
    const answer = await server.ask(
      version === undefined
        ? { method: 'POST', path: resourcePath(LEASES, { namespace }), body, signal }
        : { method: 'PUT', path: resourcePath(LEASES, { namespace, name }), body, signal },
    );
    this.#isPutOpen = false;
    if (answer.status === 409 || answer.status === 404) return false;
    const written = isGranted(answer) ? readLease(answer.body) : undefined;
    if (written === undefined) throw new RequestError(answer, `Lease ${namespace}/${name}`);
    this.#observe(written);
    return true;
  }

  #observe(record: LeaseRecord): void {
    const { record: before } = this.#observed ?? {};
    const isNews = before?.holder !== record.holder || before.renewTime !== record.renewTime;
    this.#observed = { record, at: isNews ? this.#options.clock.now() : (this.#observed?.at ?? 0) };
  }

  #isFree({ holder, duration }: LeaseRecord): boolean {
    if (holder === '' || this.#observed === undefined) return true;
    return this.#options.clock.now() >= this.#observed.at + duration * 1_000;
  }

  /** A request that hangs must not keep a leader leading. */
  #armDeadline(): void {
    const { clock, pace } = this.#options;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(Math.max(0, this.#renewedAt + pace.renewDeadline - clock.now()), () =>
      this.#lead(false),
    );
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#options.pace.renewDeadline)]);
  }

  #lead(isLeader: boolean): void {
    if (!isLeader) this.#cancelDeadline();
    if (this.#isLeader === isLeader) return;
    this.#isLeader = isLeader;
    this.#options.changed(isLeader);
  }
}
