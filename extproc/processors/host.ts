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
import { formatFault, formatPlace, parseConfig, type Position, type ProcessorEntry } from './config.ts';
import { loadModule } from './load-module.ts';
import { type ProcessorTable, selectProcessor } from './routing.ts';

/** What a host works with. */
export interface HostOptions {
  /** Path of the socket Envoy calls. */
  readonly socket: string;
  /** Paths of configurations (`*.yaml`, `*.yml`) and of modules; a module serves every policy that none names. */
  readonly files: readonly string[];
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

/** Loads the files and every module they name, before it listens. */
export async function startHost({ socket, files, log }: HostOptions): Promise<HostStarted> {
  const loaded = await loadTable(files);
  if (loaded.kind === 'invalid') return loaded;
  const health = healthService([EXT_PROC_SERVICE]);
  const listening = await listenOnSocket(socket, [extProcService(selectProcessor(loaded.table), log), health.service]);
  if (listening.kind !== 'listening') return listening;
  log.info({ socket, files, policies: [...loaded.table.byPolicy.keys()] }, 'ready');
  return {
    kind: 'started',
    stop: async (deadline) => {
      health.stop();
      log.info({ outcome: await listening.server.drain(deadline) }, 'stopped');
    },
  };
}

/** Loads the processors of all files; a policy that two of them name, or two defaults, are faults. */
export async function loadTable(files: readonly string[]): Promise<LoadedTable> {
  const messages: string[] = [];
  const byPolicy = new Map<string, Processor>();
  const places = new Map<string, string>();
  let fallback: Processor | undefined;
  for (const file of files) {
    const read = await readEntries(file);
    if (read.kind === 'invalid') messages.push(...read.messages);
    else {
      for (const { policy, module, position } of read.entries) {
        const place = formatPlace(file, position);
        const before = places.get(policy ?? '');
        if (before !== undefined) {
          const what = policy === undefined ? 'a second processor without a policy' : `policy ${policy} comes twice`;
          messages.push(`${place}: ${what} (first at ${before})`);
          continue;
        }
        places.set(policy ?? '', place);
        const loaded = await loadModule(module);
        if (loaded.kind === 'failed') messages.push(`${place}: ${loaded.reason}`);
        else if (policy === undefined) fallback = loaded.processor;
        else byPolicy.set(policy, loaded.processor);
      }
    }
  }
  return messages.length > 0 ? { kind: 'invalid', messages } : { kind: 'loaded', table: { byPolicy, fallback } };
}

type ReadEntries =
  | {
      readonly kind: 'read';
      readonly entries: readonly (Omit<ProcessorEntry, 'position'> & { readonly position: Position | undefined })[];
    }
  | { readonly kind: 'invalid'; readonly messages: readonly string[] };

/** Reads what a file names; a module names itself. Paths of modules come out absolute. */
async function readEntries(file: string): Promise<ReadEntries> {
  if (!/\.ya?ml$/.test(file)) {
    return { kind: 'read', entries: [{ policy: undefined, module: resolve(file), position: undefined }] };
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { kind: 'invalid', messages: [`${file}: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const config = parseConfig(text);
  if (config.kind === 'invalid') {
    return { kind: 'invalid', messages: config.faults.map((fault) => formatFault(file, fault)) };
  }
  const folder = dirname(file);
  return {
    kind: 'read',
    entries: config.entries.map((entry) => ({ ...entry, module: resolve(folder, entry.module) })),
  };
}
