import type { Logger } from 'pino';
import { type PortBook, PRIVILEGED_SHIFT, type PortState, type Socket } from '../../gateway/port-claims.ts';
import { describeProcess, holdersOf } from './port-holder.ts';
import { type Probe, probePort } from './port-probe.ts';

/** A socket and the proxy that wants it. */
export interface WantedSocket extends Socket {
  readonly proxy: string;
}

/** What the book of a machine's ports works with. */
export interface MachinePortsOptions {
  /** Which proxy an Envoy of ours serves as, by process number. */
  readonly proxyOf: (pid: number) => string | undefined;
  /** A port that was not available has become so, or the other way round. */
  readonly changed: () => void;
  readonly log: Logger;
  readonly probe?: (socket: Socket) => Promise<Probe>;
}

/** How often a port that is not available is looked at again. Milliseconds. */
const RECHECK = 1_000;
/** The same where another proxy of ours has it, which is about to let go of it. Milliseconds. */
const RECHECK_OURS = 50;

type Entry = { readonly state: PortState; readonly ours: boolean };

/** What this machine says of the sockets that proxies want: each is probed before its listener starts. */
export class MachinePorts implements PortBook {
  readonly #options: MachinePortsOptions;
  readonly #entries = new Map<string, Entry>();
  #wanted: ReadonlyMap<string, WantedSocket> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isSettling = false;
  #stopped = false;

  constructor(options: MachinePortsOptions) {
    this.#options = options;
  }

  at(proxy: string, socket: Socket): PortState {
    return this.#entries.get(keyOf({ ...socket, proxy }))?.state ?? UNKNOWN;
  }

  /** Notes which sockets are wanted now: new ones are probed and `changed` is called, others are forgotten. */
  want(sockets: readonly WantedSocket[]): void {
    this.#wanted = new Map(sockets.map((socket) => [keyOf(socket), socket]));
    for (const key of this.#entries.keys()) if (!this.#wanted.has(key)) this.#entries.delete(key);
    if ([...this.#wanted.keys()].some((key) => !this.#entries.has(key))) this.#settle();
    else this.#schedule();
  }

  /** Nothing is probed any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    void this.#probeAll().finally(() => {
      this.#isSettling = false;
      const isLeft = [...this.#wanted.keys()].some((key) => !this.#entries.has(key));
      if (isLeft && !this.#stopped) this.#settle();
      else this.#schedule();
    });
  }

  async #probeAll(): Promise<void> {
    const open = [...this.#wanted].filter(([key]) => {
      const known = this.#entries.get(key);
      return known === undefined || known.state.kind === 'unavailable';
    });
    let isChanged = false;
    for (const [key, socket] of open) {
      const entry = await this.#look(socket);
      if (this.#stopped) return;
      const before = this.#entries.get(key);
      if (!this.#wanted.has(key)) continue;
      this.#entries.set(key, entry);
      if (JSON.stringify(before?.state) === JSON.stringify(entry.state)) continue;
      isChanged = true;
      this.#tell(socket, entry.state);
    }
    if (isChanged) this.#options.changed();
  }

  #tell({ proxy, address, port, protocol }: WantedSocket, state: PortState): void {
    const fields = { gateway: proxy, address, port, protocol };
    if (state.kind === 'shifted') {
      this.#options.log.warn({ ...fields, boundPort: state.port }, 'privileged port may not be bound and is shifted');
    }
    if (state.kind === 'unavailable') this.#options.log.warn(fields, `port ${port} ${state.reason}`);
  }

  async #look(wanted: WantedSocket): Promise<Entry> {
    const probe = this.#options.probe ?? probePort;
    const first = await probe(wanted);
    if (first !== 'forbidden') return this.#entryOf(wanted, first, { kind: 'free' });
    const port = wanted.port + PRIVILEGED_SHIFT;
    if (port > 65_535) return unavailable('may not be bound by this user');
    const shifted = { ...wanted, port };
    return this.#entryOf(shifted, await probe(shifted), { kind: 'shifted', port });
  }

  #entryOf(socket: WantedSocket, probe: Probe, good: PortState): Entry {
    switch (probe) {
      case 'free':
        return { state: good, ours: false };
      case 'held':
        return this.#heldBy(socket, good);
      case 'forbidden':
        return unavailable('may not be bound by this user');
      case 'no-address':
        return unavailable('cannot be bound: the machine does not have the address');
      default:
        return probe satisfies never;
    }
  }

  #heldBy(socket: WantedSocket, good: PortState): Entry {
    const holders = holdersOf(socket);
    const strangers = holders.filter((pid) => this.#options.proxyOf(pid) === undefined);
    const others = holders.map((pid) => this.#options.proxyOf(pid)).filter((key) => key !== socket.proxy);
    if (holders.length > 0 && others.length === 0) return { state: good, ours: false };
    const where = good.kind === 'shifted' ? `is privileged, and port ${socket.port} ` : '';
    const [stranger] = strangers;
    if (stranger !== undefined) return unavailable(`${where}is held by ${describeProcess(stranger)}`);
    const [other] = others;
    if (other !== undefined)
      return { ...unavailable(`${where}is still held by the proxy of Gateway ${other}`), ours: true };
    return unavailable(`${where}is held by another process`);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const missing = [...this.#entries.values()].filter(({ state }) => state.kind === 'unavailable');
    if (missing.length === 0 || this.#stopped) return;
    this.#timer = setTimeout(() => this.#settle(), missing.some(({ ours }) => ours) ? RECHECK_OURS : RECHECK);
  }
}

const UNKNOWN: PortState = { kind: 'unknown' };

function unavailable(reason: string): Entry {
  return { state: { kind: 'unavailable', reason }, ours: false };
}

function keyOf({ proxy, address, bothFamilies, port, protocol }: WantedSocket): string {
  return `${proxy} ${protocol} ${address} ${port}${bothFamilies === true ? ' both' : ''}`;
}
