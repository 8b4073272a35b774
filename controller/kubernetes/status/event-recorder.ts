import { hash } from 'node:crypto';
import type { Clock } from '#controller/runtime/clock.ts';
import { type ApiServer, isGranted } from '../api-server.ts';
import { resourcePath, statusMessage } from '../resource-path.ts';
import { WriteBudget } from '../write-budget.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** What an Event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** What Events are written with. */
export interface EventRecorderOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  /** Who says it: `source.component`. */
  readonly component: string;
  readonly failed: (message: string) => void;
}

const EVENTS = { group: '', version: 'v1', plural: 'events' };
/** Events are a help, and the first that is left out when there are many. */
const RATE = { qps: 10, burst: 50 };
/** So many are known to be said again. */
const MOST_KNOWN = 2_000;
/** The longest message of an Event (core/v1). */
const LONGEST = 1_024;

/** Tells in Events what has gone wrong with an object; what is said again counts up. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #budget: WriteBudget;
  readonly #counts = new Map<string, number>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#budget = new WriteBudget(RATE, options.clock);
  }

  /** Writes a warning; what cannot be written is not tried again. */
  async warn(subject: EventSubject, reason: string, message: string): Promise<void> {
    if (this.#budget.take() > 0) return;
    // Events of objects that belong to the whole cluster are in `default` (as `kubectl describe` looks for them).
    const namespace = subject.namespace ?? 'default';
    const print = hash('sha1', `${subject.uid} ${reason} ${message}`, 'hex').slice(0, 16);
    const name = `${subject.name.slice(0, 236)}.${print}`;
    const time = new Date(this.#options.clock.now()).toISOString().replace(/\.\d+Z$/u, 'Z');
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#remember(name, count);
    try {
      if (count > 1 && (await this.#again(namespace, name, time, count))) return;
      await this.#create(subject, namespace, name, reason, message, time);
    } catch (error) {
      this.#options.failed(messageOf(error));
    }
  }

  async #again(namespace: string, name: string, time: string, count: number): Promise<boolean> {
    const path = resourcePath(EVENTS, { namespace, name });
    const body = { count, lastTimestamp: time };
    return isGranted(await this.#options.server.ask({ method: 'PATCH', path, body }));
  }

  async #create(
    subject: EventSubject,
    namespace: string,
    name: string,
    reason: string,
    message: string,
    time: string,
  ): Promise<void> {
    const { server, component } = this.#options;
    const { namespace: _, ...object } = subject;
    const answer = await server.ask({
      method: 'POST',
      path: resourcePath(EVENTS, { namespace }),
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace, name },
        involvedObject: { ...object, ...(subject.namespace === undefined ? {} : { namespace }) },
        type: 'Warning',
        reason,
        message: message.slice(0, LONGEST),
        source: { component },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      },
    });
    // One of an earlier leader: it is said again.
    if (answer.status === 409) await this.#again(namespace, name, time, 2);
    else if (!isGranted(answer))
      this.#options.failed(`Event ${name}: ${answer.status} ${statusMessage(answer.body) ?? ''}`);
  }

  #remember(name: string, count: number): void {
    this.#counts.delete(name);
    this.#counts.set(name, count);
    if (this.#counts.size <= MOST_KNOWN) return;
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest);
      return;
    }
  }
}
