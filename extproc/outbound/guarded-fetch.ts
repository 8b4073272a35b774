/**
 * Fetches what manifests name by URL.
 *
 * A request enters, an answer of any status or a coded reason leaves. It refuses addresses that nobody who writes manifests
 * is to reach, at every connection and on every redirect, and bounds size and time. It knows nothing of what is fetched, and
 * does not try again.
 */
import { Agent, type buildConnector, request as send } from 'undici';
import { FetchFailure, failureOf, type FetchReason } from './fetch-failure.ts';
import type { FetchSettings } from './fetch-settings.ts';
import { type FetchVia, guardedConnector, viaConnector } from './guarded-connector.ts';
import { readBody } from './read-body.ts';
import { shownUrl } from './shown-url.ts';

/** What to fetch. */
export interface FetchRequest {
  /** What it is for, as one word; a label of metrics and logs. */
  readonly purpose: FetchPurpose;
  readonly url: string;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  /** Names in lower case. Credentials go to the first origin only. */
  readonly headers?: HeaderFields;
  readonly body?: Uint8Array;
  /** Where to connect instead of to the host of the URL. Redirects to elsewhere lead there. */
  readonly via?: FetchVia | undefined;
  /** Certificates in PEM of authorities that are trusted besides those that are anyway, on redirects, too. */
  readonly authorities?: string | undefined;
  /** The largest body that is taken, in bytes. */
  readonly limit: number;
  /** The longest the whole may take, in milliseconds; that of the settings without. */
  readonly timeout?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Header fields by name in lower case. */
export type HeaderFields = { readonly [name: string]: string };

/** What fetches are for. */
export type FetchPurpose = 'jwks' | 'discovery' | 'image' | 'module' | 'login';

/** An answer, whatever its status. */
export interface Fetched {
  /** Where it came from in the end. */
  readonly url: string;
  readonly status: number;
  /** By name in lower case; of several values a list with commas. */
  readonly headers: HeaderFields;
  readonly body: Uint8Array;
}

/** What is told of every fetch that has ended. */
export interface FetchObservation {
  readonly purpose: FetchPurpose;
  /** The status, or why there is none. */
  readonly outcome: FetchReason | number;
  readonly ms: number;
}

/** What became of a fetch. */
export type FetchOutcome =
  | { readonly ok: true; readonly value: Fetched }
  | { readonly ok: false; readonly refusal: { readonly reason: FetchReason; readonly message: string } };

/** Fetches; never throws for what the world does. */
export type GuardedFetch = (request: FetchRequest) => Promise<FetchOutcome>;

/** A fetch and the connections that it keeps. */
export interface Fetcher {
  readonly fetch: GuardedFetch;
  close(): Promise<void>;
}

/** How often a redirect is followed. */
const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Header fields that prove who asks. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Makes a fetch as the operator's settings have it; `observed` is told of each. */
export function createFetcher(
  settings: FetchSettings,
  observed: (observation: FetchObservation) => void = () => undefined,
): Fetcher {
  const connect = guardedConnector(settings);
  const agent = agentOf(connect);
  const connectorTo = ({ authorities }: FetchVia): buildConnector.connector =>
    authorities === undefined ? connect : guardedConnector(settings, undefined, authorities);
  const fetch: GuardedFetch = async (request) => {
    const began = performance.now();
    const timeout = request.timeout ?? settings.timeout;
    const late = AbortSignal.timeout(timeout);
    const signal = request.signal === undefined ? late : AbortSignal.any([late, request.signal]);
    // A connection to somewhere else is not to be used again for the host itself.
    const { via, authorities } = request;
    const others = authorities === undefined ? agent : agentOf(guardedConnector(trusting(settings, authorities)));
    const own = via === undefined ? others : agentOf(viaConnector(connectorTo(via), via));
    const outcome = await follow(request, { own, others }, signal).then(
      (value): FetchOutcome => ({ ok: true, value }),
      (error: unknown): FetchOutcome => {
        const { reason, message } = ended(error, late, request.signal, timeout);
        return { ok: false, refusal: { reason, message: `${shownUrl(request.url)}: ${message}` } };
      },
    );
    for (const used of new Set([own, others])) if (used !== agent) await used.destroy();
    observed({
      purpose: request.purpose,
      outcome: outcome.ok ? outcome.value.status : outcome.refusal.reason,
      ms: performance.now() - began,
    });
    return outcome;
  };
  return { fetch, close: () => agent.destroy() };
}

function trusting(settings: FetchSettings, authorities: string): FetchSettings {
  const { caBundle } = settings;
  return { ...settings, caBundle: caBundle === undefined ? authorities : `${caBundle}\n${authorities}` };
}

function ended(error: unknown, late: AbortSignal, signal: AbortSignal | undefined, timeout: number): FetchFailure {
  if (signal?.aborted === true) return new FetchFailure('Canceled', 'nobody wants it any more');
  if (late.aborted) return new FetchFailure('TimedOut', `no whole answer after ${timeout} ms`);
  return failureOf(error);
}

function agentOf(connect: buildConnector.connector): Agent {
  return new Agent({ connect, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
}

interface Agents {
  /** For the origin of the URL that was asked for. */
  readonly own: Agent;
  /** For where redirects lead. */
  readonly others: Agent;
}

async function follow(request: FetchRequest, agents: Agents, signal: AbortSignal): Promise<Fetched> {
  let url = parseUrl(request.url);
  const { origin } = url;
  let headers: HeaderFields = { 'accept-encoding': 'identity', ...request.headers };
  for (let hop = 0; ; hop += 1) {
    const answer = await send(url, {
      dispatcher: url.origin === origin ? agents.own : agents.others,
      method: request.method ?? 'GET',
      headers,
      body: request.body ?? null,
      signal,
    });
    const found = joined(answer.headers);
    const { statusCode: status } = answer;
    const { location } = found;
    if (!REDIRECTS.has(status) || location === undefined) {
      const body = request.method === 'HEAD' ? new Uint8Array() : await readBody(answer.body, found, request.limit);
      return { url: url.href, status, headers: found, body };
    }
    answer.body.on('error', () => undefined).destroy();
    if (hop === MOST_REDIRECTS) throw badRedirect(`found more than ${MOST_REDIRECTS} redirects`);
    const next = parseUrl(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw badRedirect(`found a redirect from https to ${shownUrl(next.href)}`);
    }
    if (next.origin !== url.origin) headers = withoutCredentials(headers);
    url = next;
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) throw new FetchFailure('BadUrl', 'is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FetchFailure('BadUrl', `found scheme ${url.protocol.slice(0, -1)}, accepted are http and https`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new FetchFailure('BadUrl', 'found a user name or password in it, accepted are URLs without');
  }
  return url;
}

function withoutCredentials(headers: HeaderFields): HeaderFields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIALS.has(name)));
}

function joined(headers: { readonly [name: string]: string | string[] | undefined }): HeaderFields {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]],
    ),
  );
}

function badRedirect(message: string): FetchFailure {
  return new FetchFailure('BadRedirect', message);
}
