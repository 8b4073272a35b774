import { EMPTY_SNAPSHOT, type XdsResource, type XdsSnapshot } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';
import type { RefusedResource, Rejection } from './rejection.ts';
import { type ModuleOrder, Session, type SessionPorts, type SessionTimes, SESSION_TIMES } from './session.ts';

/** What happens to a publication, for status and logs. */
export interface PublicationEvents {
  /** A client rejects these of the snapshot that was published last (`SessionPorts.rejected`). */
  rejected(rejections: readonly Rejection[]): void;
  /** A client has answered for all of the snapshot that was published last, if only to reject these resources. */
  settled(refused: readonly RefusedResource[]): void;
  /** The clusters that any client that is connected warms longer than they are waited for; told when they change. */
  warming?(clusters: ReadonlySet<string>): void;
}

/** What one proxy is to have, and the streams of the Envoys that serve as it. */
export class Publication {
  readonly #events: PublicationEvents;
  readonly #times: SessionTimes;
  readonly #modules: ModuleOrder;
  readonly #sessions = new Set<Session>();
  #desired: XdsSnapshot | undefined;
  #kept: ReadonlySet<string> = new Set();
  /** What was told to warm. */
  #warming: ReadonlySet<string> = new Set();

  constructor(events: PublicationEvents, times: SessionTimes = SESSION_TIMES, modules: ModuleOrder = 'last') {
    this.#events = events;
    this.#times = times;
    this.#modules = modules;
  }

  /** Number of connected clients. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** The snapshot published last. */
  get snapshot(): XdsSnapshot {
    return this.#desired ?? EMPTY_SNAPSHOT;
  }

  /** Whether a client is connected, and every one that is has acknowledged this resource. */
  acknowledged(type: XdsType, resource: XdsResource): boolean {
    return this.#sessions.size > 0 && [...this.#sessions].every((session) => session.acknowledged(type, resource));
  }

  /** Whether every client has taken all of the snapshot, and what is no longer named has gone. */
  get isClean(): boolean {
    return [...this.#sessions].every(({ isClean }) => isClean);
  }

  /**
   * Brings every client to `snapshot`, and every one that connects later. Extension configurations that are `kept` cannot be
   * had now: a client that has one, in whatever version, goes on with it.
   */
  publish(snapshot: XdsSnapshot, kept: ReadonlySet<string> = new Set()): void {
    this.#desired = snapshot;
    this.#kept = kept;
    for (const session of this.#sessions) {
      // What a session tells of it may have led to a later one, which every client has by now.
      if (this.#desired !== snapshot) return;
      session.publish(snapshot);
    }
  }

  /** Opens the session of a client that has just connected. Close it when its stream ends. */
  connect(ports: Pick<SessionPorts, 'clock' | 'send' | 'modules'>): Session {
    const session = new Session(
      this.snapshot,
      {
        ...ports,
        rejected: (rejections) => this.#events.rejected(rejections),
        settled: (refused) => this.#events.settled(refused),
        warming: () => this.#tellWarming(),
        keeps: (config) => this.#kept.has(config),
      },
      this.#times,
      // Beside one that serves it has time for its modules.
      this.#sessions.size > 0 ? 'first' : this.#modules,
    );
    this.#sessions.add(session);
    return session;
  }

  /** Ends a session. */
  disconnect(session: Session): void {
    session.close();
    this.#sessions.delete(session);
    this.#tellWarming();
  }

  #tellWarming(): void {
    const warming = new Set([...this.#sessions].flatMap((session) => [...session.warming]));
    if (warming.size === this.#warming.size && warming.isSubsetOf(this.#warming)) return;
    this.#warming = warming;
    this.#events.warming?.(warming);
  }
}
