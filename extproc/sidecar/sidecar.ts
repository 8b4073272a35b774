/**
 * The sidecar beside one Envoy.
 *
 * In: Envoy's streams and its filters' calls on the sidecar's socket, modules and what to work by from the controller. Out:
 * what the built-in handlers decide, answers to the calls, verified module files. Refuses to know: users' processors, which
 * live in a process of their own.
 */
import type { Logger } from 'pino';
import type { ControllerAddress } from '../agent/controller-address.ts';
import { type PodOptions, servePod } from '../pod/pod-server.ts';
import { type Agent, startAgent } from '../agent/agent.ts';
import { UnknownKeys } from '../agent/unknown-keys.ts';
import { healthService } from '../grpc/health.ts';
import { type Listening, listenOnSocket } from '../grpc/unix-server.ts';
import { type CountIn, Leases } from '../rate-limit/leases.ts';
import { readCounting } from '../rate-limit/read-counting.ts';
import { EXT_PROC_SERVICE, extProcService } from '../stream/service.ts';
import { startLogins } from '../oidc/oidc.ts';
import { builtInHandlers, type Handlers, selectHandler } from './handlers.ts';
import { SIDECAR_SERVICE, sidecarService } from './service.ts';

/** What a sidecar works with. */
export interface SidecarOptions {
  /** Path of the socket Envoy calls. */
  readonly socket: string;
  readonly controller: ControllerAddress;
  /** The folder of the module files. */
  readonly modules: string;
  /** What the pod asks of it, where it is in one. */
  readonly pod?: PodOptions;
  readonly log: Logger;
  /** Handlers beside those of logins. */
  readonly handlers?: Handlers;
  /** Where global rate limits are counted; nowhere without it, until the controller says where. */
  readonly countIn?: CountIn;
}

/** A process that serves, or why it does not. */
export type Started =
  | { readonly kind: 'started'; readonly stop: (deadline: number) => Promise<void> }
  | Exclude<Listening, { readonly kind: 'listening' }>;

/** Starts the sidecar: its service is up when this resolves, its agent tries to reach the controller for ever. */
export async function startSidecar(options: SidecarOptions): Promise<Started> {
  const { socket, log, handlers = builtInHandlers, countIn } = options;
  const logins = startLogins(log);
  const all: Handlers = new Map([...handlers, ['oidc', logins.processor]]);
  const leases = new Leases(log);
  const unknownKeys = new UnknownKeys();
  if (countIn !== undefined) leases.countIn(countIn);
  const health = healthService([EXT_PROC_SERVICE, SIDECAR_SERVICE]);
  const listening = await listenOnSocket(socket, [
    extProcService(selectHandler(all), log),
    sidecarService(leases, unknownKeys, log),
    health.service,
  ]);
  if (listening.kind !== 'listening') return listening;
  const pod = options.pod === undefined ? undefined : await servePod(options.pod, log);
  const agent: Agent = startAgent({
    controller: options.controller,
    folder: options.modules,
    onState: (state) => {
      logins.take(state);
      const where = readCounting(state);
      if (where !== undefined) leases.countIn(where);
    },
    onComplete: () => pod?.started(),
    unknownKeys,
    log,
  });
  log.info({ socket, controller: options.controller, modules: options.modules }, 'ready');
  return {
    kind: 'started',
    stop: async (deadline) => {
      health.stop();
      const [outcome] = await Promise.all([listening.server.drain(deadline), agent.stop()]);
      await pod?.close();
      await leases.close();
      await logins.stop();
      log.info({ outcome }, 'stopped');
    },
  };
}
