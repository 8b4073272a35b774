/**
 * The host of users' processors.
 *
 * In: `processors.yaml`, the modules it names, Envoy's streams. Out: what the processors decide. Refuses to know:
 * logins, limits and modules, which are the sidecar's, so that no processor can harm them.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from 'pino';
import { healthService } from '../grpc/health.ts';
import { type Listening, listenOnSocket } from '../grpc/unix-server.ts';
import type { Processor } from '../processor/define-processor.ts';
import { EXT_PROC_SERVICE, extProcService } from '../stream/service.ts';
import { type ConfigFault, formatFault, parseConfig } from './config.ts';
import { loadModule } from './load-module.ts';
import { type ProcessorTable, selectProcessor } from './routing.ts';

/** What a host works with. */
export interface HostOptions {
  /** Path of the socket Envoy calls. */
  readonly socket: string;
  /** Path of `processors.yaml`. */
  readonly config: string;
  readonly log: Logger;
}

/** A host that serves, or why it does not. */
export type HostStarted =
  | { readonly kind: 'started'; readonly stop: (deadline: number) => Promise<void> }
  | Exclude<Listening, { readonly kind: 'listening' }>
  /** Each message says "file:line:column: what is wrong". */
  | { readonly kind: 'invalid'; readonly messages: readonly string[] };

/** The processors a file names, or everything that is wrong with it. */
export type LoadedTable =
  | { readonly kind: 'loaded'; readonly table: ProcessorTable }
  | { readonly kind: 'invalid'; readonly messages: readonly string[] };

/** Loads `processors.yaml` and every module it names, before it listens. */
export async function startHost({ socket, config, log }: HostOptions): Promise<HostStarted> {
  const loaded = await loadTable(config);
  if (loaded.kind === 'invalid') return loaded;
  const health = healthService([EXT_PROC_SERVICE]);
  const listening = await listenOnSocket(socket, [extProcService(selectProcessor(loaded.table), log), health.service]);
  if (listening.kind !== 'listening') return listening;
  log.info({ socket, config, policies: [...loaded.table.byPolicy.keys()] }, 'ready');
  return {
    kind: 'started',
    stop: async (deadline) => {
      health.stop();
      log.info({ outcome: await listening.server.drain(deadline) }, 'stopped');
    },
  };
}

/** Loads the processors that a `processors.yaml` names. */
export async function loadTable(file: string): Promise<LoadedTable> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { kind: 'invalid', messages: [`${file}: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const config = parseConfig(text);
  if (config.kind === 'invalid') return invalid(file, config.faults);
  const faults: ConfigFault[] = [];
  const byPolicy = new Map<string, Processor>();
  let fallback: Processor | undefined;
  for (const { policy, module, position } of config.entries) {
    const loaded = await loadModule(resolve(dirname(file), module));
    if (loaded.kind === 'failed') faults.push({ position, message: loaded.reason });
    else if (policy === undefined) fallback = loaded.processor;
    else byPolicy.set(policy, loaded.processor);
  }
  return faults.length > 0 ? invalid(file, faults) : { kind: 'loaded', table: { byPolicy, fallback } };
}

function invalid(file: string, faults: readonly ConfigFault[]): LoadedTable & { kind: 'invalid' } {
  return { kind: 'invalid', messages: faults.map((fault) => formatFault(file, fault)) };
}
