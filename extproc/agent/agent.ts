/**
 * The agent: brings Wasm modules, and what the sidecar has to know, from the controller to the machine of the proxy.
 *
 * In: pieces of modules, states. Out: verified files under their digests, and the word that they are there; the states.
 * Refuses to know: what a module is for, where the controller got it, and what is in a state.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AGENT_ALIVE, type Alive, runSession, type SidecarState } from './agent-session.ts';
import { AGENT_BACK_OFF, type BackOff, pauseAfter } from './back-off.ts';
import type { ControllerAddress } from './controller-address.ts';
import { ModuleFolder } from './module-folder.ts';
import type { UnknownKeys } from './unknown-keys.ts';

/** What an agent works with. */
export interface AgentOptions {
  readonly controller: ControllerAddress;
  /** The folder of the module files; it is created. */
  readonly folder: string;
  /** Takes what the sidecar is to work by from now on. */
  readonly onState: (state: SidecarState) => void;
  /** Everything is there that Envoy will be told to load. */
  readonly onComplete?: () => void;
  /** What the filters report of key sets. */
  readonly unknownKeys: UnknownKeys;
  readonly log: Logger;
  readonly backOff?: BackOff;
  readonly alive?: Alive;
}

/** An agent that is at work. */
export interface Agent {
  /** Ends the session; resolves when nothing is being written any more. */
  stop(): Promise<void>;
}

/** Starts an agent, which tries to reach the controller until it is stopped. */
export function startAgent({
  controller,
  folder,
  onState,
  onComplete = () => undefined,
  unknownKeys,
  log,
  backOff = AGENT_BACK_OFF,
  alive = AGENT_ALIVE,
}: AgentOptions): Agent {
  const stopping = new AbortController();
  const modules = new ModuleFolder(folder, log);
  const { signal } = stopping;
  const running = keepConnected(
    () => runSession({ controller, folder: modules, onState, onComplete, unknownKeys, log, alive, signal }),
    {
      log,
      backOff,
      signal,
    },
  );
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

interface Reconnecting {
  readonly log: Logger;
  readonly backOff: BackOff;
  readonly signal: AbortSignal;
}

async function keepConnected(session: () => Promise<void>, { log, backOff, signal }: Reconnecting): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const began = performance.now();
    const reason = await session().then(
      () => 'closed by the controller',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (signal.aborted) return;
    // A session that outlived the longest pause was a good one.
    failures = performance.now() - began > backOff.most ? 1 : failures + 1;
    const pause = pauseAfter(failures, backOff, Math.random());
    // One line when the controller goes, not one every two seconds while it is away.
    log[failures === 1 ? 'warn' : 'debug']({ reason, pause: Math.round(pause) }, 'no connection to the controller');
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}
