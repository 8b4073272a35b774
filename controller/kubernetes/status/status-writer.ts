import { isObject } from '#controller/api/compile.ts';
import { kindNamed } from '#controller/api/registry.ts';
import { backOff } from '#controller/fetch/back-off.ts';
import type { Clock } from '#controller/runtime/clock.ts';
import type { ObjectStatus } from '#controller/status/object-status.ts';
import { kubernetesTime, renderStatus } from '#controller/status/render.ts';
import { type ApiAnswer, type ApiServer, isGranted } from '../api-server.ts';
import type { ApiMetadata } from '../reflector.ts';
import { resourcePath, statusMessage } from '../resource-path.ts';
import { WriteBudget, type WriteRate } from '../write-budget.ts';
import type { EventSubject } from './event-recorder.ts';
import { mergeStatus, type MergedStatus } from './merge-status.ts';
import { parsedStatus, StatusBook, type StatusKey, statusKey, type WrittenStatus } from './status-book.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What statuses are written with. */
export interface StatusWriterOptions {
  readonly server: ApiServer;
  readonly controllerName: string;
  /** What is to be said now; objects that say the same are the same. */
  readonly statuses: () => readonly ObjectStatus[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly rate: WriteRate;
  /** Something turned bad, and that has been written. */
  readonly turned: (subject: EventSubject, reason: string, message: string) => void;
  readonly failed: (what: string, message: string) => void;
}

/** Changes that come so close together are looked at together. Milliseconds. */
const SETTLE = 30;
/** Of its own time a look at everything takes at most a tenth. */
const REST = 10;
/** An object is written at most so often: that of a Gateway changes with each of its routes. Milliseconds. */
const BETWEEN = 250;
/** So many writes are under way at the same time. */
const AT_ONCE = 8;
const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 20_000;

interface Due {
  failures: number;
  isWriting: boolean;
  /** Something has changed while it was written. */
  isAgain: boolean;
}

/**
 * Brings the statuses in the API server to what is to be said, while it leads: what is there already is not written, others'
 * entries stay, those that we wrote of what is not said any more go. Each write names the version that it was made from, so
 * that nothing is lost between two writers; the API server refuses it otherwise, and it is made anew.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #budget: WriteBudget;
  readonly book: StatusBook;
  #said = new Map<StatusKey, ObjectStatus>();
  readonly #due = new Map<StatusKey, Due>();
  #queue: StatusKey[] = [];
  readonly #writtenAt = new Map<StatusKey, number>();
  /** What was asked for and what came of it: an answer that differs from what was asked is not asked for again. */
  readonly #outcome = new Map<StatusKey, { readonly asked: string; readonly got: string }>();
  #isLeading = false;
  #isStopped = false;
  #writing = 0;
  /** In a row, while all writes rest in between. */
  #troubles = 0;
  #restUntil = 0;
  #cancelLook: (() => void) | undefined;
  #cancelPump: (() => void) | undefined;
  #lookTook = 0;
  #drained: () => void = () => undefined;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#budget = new WriteBudget(options.rate, options.clock);
    this.book = new StatusBook((key) => this.#seen(key));
  }

  /** From now on it writes, or no more. */
  lead(isLeading: boolean): void {
    this.#isLeading = isLeading;
    if (!isLeading) {
      this.#said = new Map();
      this.#queue = [];
      this.#due.clear();
      this.#writtenAt.clear();
      this.#outcome.clear();
      return;
    }
    this.look();
  }

  /** Something else may be to be said. */
  look(): void {
    if (!this.#isLeading || this.#isStopped || this.#cancelLook !== undefined) return;
    this.#cancelLook = this.#options.clock.after(Math.max(SETTLE, this.#lookTook * REST), () => {
      this.#cancelLook = undefined;
      this.#lookNow();
    });
  }

  /** Resolves when nothing is left to be written. For tests. */
  async settled(): Promise<void> {
    while (this.#cancelLook !== undefined || this.#due.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.lead(false);
    this.#cancelLook?.();
    this.#cancelPump?.();
  }

  #lookNow(): void {
    if (!this.#isLeading) return;
    const began = performance.now();
    const isFirst = this.#said.size === 0;
    const before = this.#said;
    const now = new Map(
      this.#options.statuses().map((status) => {
        const { apiVersion, kind, metadata } = status.object;
        return [statusKey(apiVersion, kind, metadata), status];
      }),
    );
    this.#said = now;
    for (const [key, status] of now) if (before.get(key) !== status) this.#enqueue(key);
    for (const key of before.keys()) if (!now.has(key)) this.#enqueue(key);
    // What an earlier leader said of objects of which nothing is said now.
    if (isFirst)
      for (const [key, entry] of this.book.entries()) if (!now.has(key) && this.#namesUs(entry)) this.#enqueue(key);
    this.#lookTook = performance.now() - began;
    if (this.#due.size === 0) this.#drained();
  }

  /** An object has come, or somebody wrote its status. */
  #seen(key: StatusKey): void {
    if (!this.#isLeading) return;
    const entry = this.book.get(key);
    if (entry === undefined) return;
    if (this.#said.has(key) || this.#namesUs(entry)) this.#enqueue(key);
  }

  #namesUs({ status }: WrittenStatus): boolean {
    return status.includes(JSON.stringify(this.#options.controllerName));
  }

  #enqueue(key: StatusKey): void {
    const due = this.#due.get(key);
    if (due !== undefined) {
      due.isAgain ||= due.isWriting;
      return;
    }
    this.#due.set(key, { failures: 0, isWriting: false, isAgain: false });
    this.#queueUp(key);
  }

  #queueUp(key: StatusKey): void {
    // Gateways and their classes are what people wait for.
    if (key.includes('/Gateway')) this.#queue.unshift(key);
    else this.#queue.push(key);
    this.#pump();
  }

  #pump(): void {
    if (this.#cancelPump !== undefined) return;
    const { clock } = this.#options;
    while (this.#writing < AT_ONCE && this.#queue.length > 0) {
      const key = this.#queue[0] ?? '';
      const due = this.#due.get(key);
      const plan = due === undefined ? undefined : this.#plan(key);
      if (due === undefined || plan === undefined) {
        this.#queue.shift();
        this.#finish(key);
        continue;
      }
      const rest = (this.#writtenAt.get(key) ?? -BETWEEN) + BETWEEN - clock.now();
      if (rest > 0) {
        this.#queue.shift();
        clock.after(rest, () => this.#later(key));
        continue;
      }
      const wait = Math.max(0, this.#restUntil - clock.now()) || this.#budget.take();
      if (wait > 0) {
        this.#cancelPump = clock.after(wait, () => {
          this.#cancelPump = undefined;
          this.#pump();
        });
        return;
      }
      this.#queue.shift();
      due.isWriting = true;
      this.#writing += 1;
      void this.#write(key, due, plan);
    }
  }

  #later(key: StatusKey): void {
    if (!this.#due.has(key) || this.#queue.includes(key)) return;
    this.#queueUp(key);
  }

  #finish(key: StatusKey): void {
    this.#due.delete(key);
    if (this.#due.size === 0) this.#drained();
  }

  /** What is to be written of an object; undefined for nothing. */
  #plan(key: StatusKey): Plan | undefined {
    const entry = this.book.get(key);
    const status = this.#said.get(key);
    if (entry === undefined) return undefined;
    const current = parsedStatus(entry);
    const merged = mergeStatus(
      current,
      status === undefined ? unsaid(current) : this.#render(status),
      this.#options.controllerName,
    );
    if (Object.keys(merged.changes).length === 0) return undefined;
    const asked = JSON.stringify(status === undefined ? null : this.#render(status, ''));
    const last = this.#outcome.get(key);
    if (last?.asked === asked && last.got === entry.status) return undefined;
    return { entry, merged, asked };
  }

  #render(
    status: ObjectStatus,
    time = kubernetesTime(this.#options.clock.now()),
  ): { readonly [field: string]: unknown } {
    const rendered = renderStatus(status, { time, controllerName: this.#options.controllerName })['status'];
    return isObject(rendered) ? rendered : {};
  }

  async #write(key: StatusKey, due: Due, plan: Plan): Promise<void> {
    const { clock, random, failed } = this.#options;
    /** How long the API server asks to be left alone. */
    let asked = 0;
    let isTroubled = true;
    try {
      const answer = await this.#patch(plan);
      if (isGranted(answer)) this.#written(key, plan, answer);
      else if (answer.status === 409) await this.#readAgain(plan.entry);
      else if (answer.status === 404) this.book.delete(key);
      else if (answer.status === 400 || answer.status === 422) this.#impossible(key, plan, answer);
      else {
        asked = answer.retryAfter ?? 0;
        // A right that is missing is no trouble of the server: writes of other objects may well be allowed.
        isTroubled = answer.status !== 403;
        throw new Error(`${answer.status} ${statusMessage(answer.body) ?? ''}`);
      }
      due.isAgain ||= answer.status === 409;
      due.failures = 0;
      this.#troubles = 0;
    } catch (error) {
      if (isTroubled) this.#rest(asked);
      due.failures += 1;
      due.isAgain = true;
      failed(describe(plan.entry), messageOf(error));
    }
    this.#writing -= 1;
    due.isWriting = false;
    if (this.#isStopped || this.#due.get(key) !== due) {
      this.#pump();
      return;
    }
    if (due.isAgain) {
      due.isAgain = false;
      const pause = due.failures === 0 ? 0 : backOff(due.failures, FIRST_PAUSE, random(), LONGEST_PAUSE);
      clock.after(pause, () => this.#later(key));
    } else this.#finish(key);
    this.#pump();
  }

  /** A server that is in trouble with one write is in trouble with all: none is sent for a while, ever longer until one is taken. */
  #rest(asked: number): void {
    const { clock, random } = this.#options;
    const now = clock.now();
    // What was under way at the same time is the same trouble.
    if (now >= this.#restUntil) this.#troubles += 1;
    this.#restUntil = Math.max(
      this.#restUntil,
      now + Math.max(asked, backOff(this.#troubles, FIRST_PAUSE, random(), LONGEST_PAUSE)),
    );
  }

  #patch({ entry, merged }: Plan): Promise<ApiAnswer> {
    const { group, version, kind, namespace, name, resourceVersion } = entry;
    const path = resourcePath(
      { group, version, plural: pluralOf(kind) },
      { name, subresource: 'status', ...(namespace === undefined ? {} : { namespace }) },
    );
    const body = { metadata: { resourceVersion }, status: merged.changes };
    return this.#options.server.ask({ method: 'PATCH', path, body });
  }

  #written(key: StatusKey, { entry, merged, asked }: Plan, { body }: ApiAnswer): void {
    const { clock, turned } = this.#options;
    this.#writtenAt.set(key, clock.now());
    this.#took(entry, body);
    this.#outcome.set(key, { asked, got: this.book.get(key)?.status ?? '' });
    const { group, version, kind, namespace, name, uid } = entry;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    for (const { type, reason, message } of merged.turned) {
      turned({ apiVersion, kind, namespace, name, uid }, reason, `${type}: ${message}`);
    }
  }

  /** A status that its definition refuses is refused again: it waits until something else is to be said. */
  #impossible(key: StatusKey, { entry, asked }: Plan, answer: ApiAnswer): void {
    this.#outcome.set(key, { asked, got: entry.status });
    this.#options.failed(describe(entry), `${answer.status} ${statusMessage(answer.body) ?? ''}`);
  }

  async #readAgain(entry: WrittenStatus): Promise<void> {
    const { group, version, kind, namespace, name } = entry;
    const place = { name, ...(namespace === undefined ? {} : { namespace }) };
    const path = resourcePath({ group, version, plural: pluralOf(kind) }, place);
    const answer = await this.#options.server.ask({ method: 'GET', path });
    if (answer.status === 404) this.book.delete(`${group}/${kind}/${namespace ?? ''}/${name}`);
    else if (isGranted(answer)) this.#took(entry, answer.body);
    else throw new Error(`${answer.status} ${statusMessage(answer.body) ?? ''}`);
  }

  #took({ group, version, kind }: WrittenStatus, body: unknown): void {
    if (!isNamed(body)) return;
    this.book.take({ ...body, apiVersion: group === '' ? version : `${group}/${version}`, kind }, true);
  }
}

interface Plan {
  readonly entry: WrittenStatus;
  readonly merged: MergedStatus;
  /** What is said, to tell whether it was said before. */
  readonly asked: string;
}

/** Of what nothing is said any more: of routes and policies our entries go, all else stays as it was. */
function unsaid(current: { readonly [field: string]: unknown }): { readonly [field: string]: unknown } {
  return {
    ...('parents' in current ? { parents: [] } : {}),
    ...('ancestors' in current ? { ancestors: [] } : {}),
  };
}

function pluralOf(kind: string): string {
  const found = kindNamed(kind);
  if (found === undefined) throw new Error(`there is no kind ${kind}`);
  return found.plural;
}

function describe({ kind, namespace, name }: WrittenStatus): string {
  return `status of ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function isNamed(value: unknown): value is { readonly metadata: ApiMetadata; readonly [field: string]: unknown } {
  return isObject(value) && isObject(value['metadata']) && typeof value['metadata']['name'] === 'string';
}
