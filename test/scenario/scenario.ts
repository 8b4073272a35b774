import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Algorithm, type Issuer, issuer } from '#wasm-filters/testing/issuer.ts';

/**
 * A scenario: manifests, and what requests to them are answered. The same file runs on the filters' test host and on real
 * Envoy.
 *
 * In its text `${port}` is the listener's port, `${echo}` that of a back-end that answers with the headers it got,
 * `${jwks}` the key set of the tokens; in a request `${token:NAME}` is a token of the claims under that name, signed with
 * RS256, and `${token:NAME:ALGORITHM}` one that is signed otherwise.
 */
export interface Scenario {
  readonly manifests: string;
  readonly requests: readonly ScenarioRequest[];
}

/** One request and its answer. */
export interface ScenarioRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** In order; a name may repeat. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The address on loopback that the client has. */
  readonly from: string;
  /** That of the answer; of a request that is sent several times those of all answers, in order. */
  readonly statuses: readonly number[];
  /** Headers that the back-end gets the last time; null for one that it must not get. */
  readonly upstream: Readonly<Record<string, string | null>>;
  /** Headers that the client gets the last time; null for one that it must not get. Only looked at on real Envoy. */
  readonly response: Readonly<Record<string, string | null>>;
}

/** Where a scenario runs. */
export interface Ports {
  readonly port: number;
  readonly echo: number;
}

const SIGNERS: Readonly<Record<string, Issuer>> = Object.fromEntries(
  (['RS256', 'ES256', 'PS256', 'EdDSA'] as const satisfies readonly Algorithm[]).map((algorithm) => [
    algorithm,
    issuer(algorithm, `scenario-${algorithm}`),
  ]),
);

/** Reads a scenario for these ports. */
export function readScenario(file: string, ports: Ports): Scenario {
  const raw: unknown = parse(readFileSync(file, 'utf8'));
  if (!isRecord(raw) || typeof raw['manifests'] !== 'string' || !Array.isArray(raw['requests'])) {
    throw new Error(`${file}: found no manifests or no requests`);
  }
  const claims = isRecord(raw['tokens']) ? raw['tokens'] : {};
  const known: Readonly<Record<string, string>> = {
    port: String(ports.port),
    echo: String(ports.echo),
    jwks: keySet(),
  };
  const fill = (text: string): string =>
    text.replaceAll(/\$\{(?:token:)?([\w-]+)(?::(\w+))?\}/gu, (whole, name: string, algorithm: string | undefined) => {
      const found = whole.startsWith('${token:') ? tokenOf(claims[name], algorithm) : known[name];
      if (found === undefined) throw new Error(`${file}: ${whole} stands for nothing`);
      return found;
    });
  return { manifests: fill(raw['manifests']), requests: raw['requests'].map((request) => requestOf(request, fill)) };
}

function requestOf(raw: unknown, fill: (text: string) => string): ScenarioRequest {
  if (!isRecord(raw)) throw new Error('a request is no object');
  const headers = isRecord(raw['headers']) ? raw['headers'] : {};
  return {
    name: String(raw['name']),
    method: textOr(raw['method'], 'GET'),
    path: fill(String(raw['path'])),
    headers: Object.entries(headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => [name, fill(String(one))] as const),
    ),
    from: textOr(raw['from'], '127.0.0.1'),
    statuses: [raw['status']].flat().map(Number),
    upstream: headersOf(raw['upstream']),
    response: headersOf(raw['response']),
  };
}

function headersOf(raw: unknown): Readonly<Record<string, string | null>> {
  const entries = isRecord(raw) ? Object.entries(raw) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : null]));
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function tokenOf(claims: unknown, algorithm = 'RS256'): string | undefined {
  return isRecord(claims) ? SIGNERS[algorithm]?.token(claims) : undefined;
}

function keySet(): string {
  return JSON.stringify({ keys: Object.values(SIGNERS).map(({ jwk }) => jwk) });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
