import { join } from 'node:path';
import type { Logger } from 'pino';
import { parseJwks } from './features/jwt/jwks.ts';
import { parseDiscovery } from './features/oidc/discovery.ts';
import { answerFolder } from './fetch/answer-folder.ts';
import { type DocumentCheck, fetchDocument } from './fetch/fetch-document.ts';
import type { FetchSettings } from '#extproc/outbound/fetch-settings.ts';
import { shownUrl } from '#extproc/outbound/shown-url.ts';
import type { FetchObservation, GuardedFetch } from '#extproc/outbound/guarded-fetch.ts';
import { type Change, type WantCounts, WantLoop } from './fetch/want-loop.ts';
import { moduleAnswers } from './modules/answer-records.ts';
import { moduleFetcher } from './modules/fetch-module.ts';
import type { ModuleLibrary } from './modules/module-library.ts';
import type { Outcome } from './resources/verdict.ts';
import {
  type DocumentAnswer,
  type DocumentWant,
  type ModuleAnswer,
  type ModuleWant,
  type Want,
  wantId,
  wantKey,
} from './resources/wants.ts';
import type { Clock } from './runtime/clock.ts';

/** A change of what is known about a want. */
export type AnswerChange = Change<DocumentWant, DocumentAnswer> | Change<ModuleWant, ModuleAnswer>;

/** Answers what translation asks for, for as long as it does. */
export interface Answering {
  /** Sets what is wanted from now on; gives what is known already. */
  want(wants: readonly Want[]): readonly AnswerChange[];
  /** Asks for a key set before its time: a token came that none of its keys is for. `id` is that of the policy. */
  hurry(id: string): void;
  counts(): WantCounts;
  stop(): Promise<void>;
}

/** What answering works with. */
export interface AnsweringOptions {
  readonly settings: FetchSettings;
  /** Where answers outlive the process. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetched: (observation: FetchObservation) => void;
  /** Where modules are kept that were fetched. */
  readonly library: ModuleLibrary;
}

/** Starts to answer; `changed` is told of what becomes known. */
export function startAnswering(
  options: AnsweringOptions,
  changed: (changes: readonly AnswerChange[]) => void,
): Answering {
  const lazy = lazyFetch(options.settings, options.fetched);
  const documents = documentLoop(options, lazy.fetch, changed);
  const modules = moduleLoop(options, lazy.fetch, changed);
  let keys: ReadonlyMap<string, string> = new Map();
  return {
    want: (wants) => {
      keys = new Map(wants.map((want) => [wantId(want), wantKey(want)]));
      return [
        ...documents.want(wants.filter((want) => want.kind !== 'Module')),
        ...modules.want(wants.filter((want) => want.kind === 'Module')),
      ];
    },
    hurry: (id) => {
      const key = keys.get(id);
      if (key !== undefined) documents.hurry(key);
    },
    counts: () => {
      const [a, b] = [documents.counts(), modules.counts()];
      return { answered: a.answered + b.answered, stale: a.stale + b.stale, pending: a.pending + b.pending };
    },
    stop: async () => {
      documents.stop();
      modules.stop();
      await lazy.close();
    },
  };
}

function documentLoop(
  { folder, clock, log }: AnsweringOptions,
  fetch: GuardedFetch,
  changed: (changes: readonly AnswerChange[]) => void,
): WantLoop<DocumentWant, DocumentAnswer> {
  return new WantLoop<DocumentWant, DocumentAnswer>({
    keyOf: wantKey,
    fetch: (want, signal) => fetchDocument(want, fetch, checkDocument, signal),
    isSame: (a, b) => a.kind === 'document' && b.kind === 'document' && a.text === b.text,
    cache: answerFolder(join(folder, 'answers'), checkDocument, (error) => {
      log.warn({ err: error }, 'what was fetched cannot be kept for the next start');
    }),
    clock,
    random: Math.random,
    changed,
    tried: ({ kind, url }, outcome, nextIn) => tell(log, { kind, url }, outcome, nextIn),
  });
}

function moduleLoop(
  { settings, folder, clock, log, library }: AnsweringOptions,
  fetch: GuardedFetch,
  changed: (changes: readonly AnswerChange[]) => void,
): WantLoop<ModuleWant, ModuleAnswer> {
  const cache = moduleAnswers(join(folder, 'module-answers'), library, (error) => {
    log.warn({ err: error }, 'which modules were fetched cannot be kept for the next start');
  });
  const fetchModule = moduleFetcher({
    fetch,
    mirrors: settings.registryMirrors,
    env: process.env,
    keep: (module) => library.keep(module),
  });
  return new WantLoop<ModuleWant, ModuleAnswer>({
    keyOf: wantKey,
    fetch: (want, signal) => fetchModule(want, cache.read(want), signal),
    isSame: (a, b) => a.kind === 'module' && b.kind === 'module' && a.digest === b.digest && a.revision === b.revision,
    cache,
    clock,
    random: Math.random,
    changed,
    tried: ({ kind, source }, outcome, nextIn) =>
      tell(log, { kind, url: source.kind === 'url' ? source.url : source.reference }, outcome, nextIn),
  });
}

/** Whether a document is what is wanted. */
const checkDocument: DocumentCheck = (want, text) => {
  switch (want.kind) {
    case 'KeySet':
      return parseJwks(text);
    case 'Discovery':
      return parseDiscovery(text, want.issuer);
    default:
      return want satisfies never;
  }
};

function tell(
  log: Logger,
  { kind, url }: Pick<DocumentWant, 'url'> & { kind: string },
  outcome: Outcome<unknown>,
  nextIn: number,
): void {
  const seconds = Math.round(nextIn / 1_000);
  if (outcome.ok)
    log.debug(
      { kind, url: url.startsWith('http') ? shownUrl(url) : url, seconds },
      'fetched; it is fetched again after this time',
    );
  else {
    const { reason, message } = outcome.refusal;
    log.warn({ kind, reason, seconds }, `${message}; it is tried again after this time`);
  }
}

/** A fetch whose libraries are loaded when something is fetched: a start that fetches nothing does without. */
function lazyFetch(
  settings: FetchSettings,
  fetched: (observation: FetchObservation) => void,
): { readonly fetch: GuardedFetch; readonly close: () => Promise<void> } {
  let loading: Promise<{ readonly fetch: GuardedFetch; close(): Promise<void> }> | undefined;
  return {
    fetch: async (request) => {
      loading ??= import('#extproc/outbound/guarded-fetch.ts').then(({ createFetcher }) =>
        createFetcher(settings, fetched),
      );
      return (await loading).fetch(request);
    },
    close: async () => (await loading)?.close(),
  };
}
