import type { Fetcher } from '../outbound/guarded-fetch.ts';
import { DEFAULT_FETCH_SETTINGS, type FetchSettings, type RefusableClass } from '../outbound/fetch-settings.ts';
import type { Fetch } from './client.ts';
import type { SidecarState } from './read-state.ts';
import { Unreachable } from './unreachable.ts';

/** A provider's answer has tokens or keys; larger ones are nobody's. Bytes. */
const LARGEST = 1_048_576;

type FetchRules = NonNullable<SidecarState['fetchRules']>;

/** How the rules of the controller read as settings. */
export function fetchSettings(rules: FetchRules | undefined): FetchSettings {
  if (rules === undefined) return DEFAULT_FETCH_SETTINGS;
  const refuse = new Set<RefusableClass>();
  if (rules.refuseLoopback) refuse.add('Loopback');
  if (rules.refusePrivate) refuse.add('Private');
  return {
    ...DEFAULT_FETCH_SETTINGS,
    resolverOverrides: new Map(
      Object.entries(rules.resolverOverrides).map(([host, { address, port }]) => [
        host,
        { address, port: port === 0 ? undefined : port },
      ]),
    ),
    caBundle: rules.caBundle === '' ? undefined : rules.caBundle,
    refuse,
    allow: rules.allow,
  };
}

/** Makes the fetch of logins: guarded, and an answer is `Unreachable` or a whole one. */
function providerFetch(fetcher: () => Promise<Fetcher>): Fetch {
  return async (url, { method, headers, body, signal, via }) => {
    const { fetch } = await fetcher();
    const outcome = await fetch({
      purpose: 'login',
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      limit: LARGEST,
      via,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!outcome.ok) throw new Unreachable(outcome.refusal.message);
    const { status, headers: fields, body: bytes } = outcome.value;
    // Framing and encoding were those of the connection.
    const { 'content-encoding': _encoding, 'content-length': _length, 'transfer-encoding': _framing, ...kept } = fields;
    const isEmpty = status === 204 || status === 205 || status === 304;
    return new Response(isEmpty ? null : Buffer.from(bytes), { status, headers: kept });
  };
}

/** Makes fetches; what the one before has under way ends when the rules change. */
export class ProviderFetches {
  #rules: string | undefined;
  #fetcher: Promise<Fetcher> | undefined;
  #fetch: Fetch | undefined;

  /** The fetch by these rules; the same one for the same rules. */
  by(rules: FetchRules | undefined): Fetch {
    const text = JSON.stringify(rules ?? null);
    if (this.#fetch !== undefined && this.#rules === text) return this.#fetch;
    void this.close();
    let fetcher: Promise<Fetcher> | undefined;
    this.#rules = text;
    this.#fetch = providerFetch(() => {
      fetcher ??= startFetcher(fetchSettings(rules));
      this.#fetcher = fetcher;
      return fetcher;
    });
    return this.#fetch;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await (await this.#fetcher)?.close();
  }
}

/** Loaded by the first fetch: a sidecar without logins starts faster. */
async function startFetcher(settings: FetchSettings): Promise<Fetcher> {
  const { createFetcher } = await import('../outbound/guarded-fetch.ts');
  return createFetcher(settings);
}
