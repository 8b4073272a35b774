import { createServer, get as httpGet } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { type Listening, listen } from '../listening.ts';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, Site, until } from './sluice.ts';

const signer = issuer('EdDSA');
/** Says that it is the other, by the name of its key. */
const forger = issuer('EdDSA');
/** Milliseconds that a request may take to be refused: what the filter allows the sidecar, and a slow machine. */
const BOUND = 60_000;

let backend: Listening;
let port: number;
let site: Site;

beforeAll(async () => {
  backend = await listen(createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('ok')));
  port = await freePort();
  const policy = `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: a }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: a }]
  jwt:
    providers:
      - name: main
        localJWKS: { type: Inline, inline: '${JSON.stringify({ keys: [signer.jwk] })}' }
`;
  site = await Site.make({
    'gateway.yaml': CLASS + gateway('shop', port),
    'a.yaml': route('a', 'shop', '/a', backend.port) + policy,
  });
  await site.start();
  await until('the policy is in force', async () => (await get(fresh())) === 200);
});

afterAll(async () => {
  await site.destroy();
  await backend.stop();
});

let serial = 0;
/** A token that nobody has seen. */
function fresh(): string {
  serial += 1;
  return signer.token({ sub: 'alice', serial, exp: 4_102_444_800 });
}

/** A token that nobody has seen, and that nobody may be let in with. */
function forged(): string {
  serial += 1;
  return forger.token({ sub: 'alice', serial, exp: 4_102_444_800 });
}

/** The status of an answer, over a connection of its own: any worker of Envoy may have it. */
function get(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const options = { port, path: '/a', headers, agent: false, signal: AbortSignal.timeout(BOUND) };
    const request = httpGet(options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
  });
}

/** A token that every worker has seen. */
async function known(): Promise<string> {
  const token = fresh();
  for (let round = 0; round < 6; round += 1) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => get(token)));
    expect(new Set(answers)).toEqual(new Set([200]));
  }
  return token;
}

interface Seen {
  readonly fresh: Set<number>;
  readonly known: Set<number>;
  readonly forged: Set<number>;
}

/** What new tokens are answered, forged ones, and one that was seen before, until the returned function is called. */
function traffic(old: string): () => Promise<Seen> {
  const seen: Seen = { fresh: new Set(), known: new Set(), forged: new Set() };
  const stop = new AbortController();
  const loops = Array.from({ length: 8 }, async () => {
    while (!stop.signal.aborted) {
      seen.fresh.add(await get(fresh()));
      seen.known.add(await get(old));
      seen.forged.add(await get(forged()));
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(loops);
    return seen;
  };
}

function sidecar(): number {
  return site.records('sidecar')[0]?.pid ?? 0;
}

/** What a good token may be answered, and what a forged one: nobody is let through unverified. */
const ALLOWED = new Set([200, 503]);
const REFUSED = new Set([401, 503]);

function expectVerifiedAlone(seen: Seen): void {
  expect([...seen.fresh].filter((status) => !ALLOWED.has(status))).toEqual([]);
  expect(seen.forged.size).toBeGreaterThan(0);
  expect([...seen.forged].filter((status) => !REFUSED.has(status))).toEqual([]);
  expect(seen.known).toEqual(new Set([200]));
}

describe('under load', () => {
  it('a sidecar that is killed costs 503 for new tokens until it is back, and nothing for those that were seen', async () => {
    const before = sidecar();
    const stop = traffic(await known());
    process.kill(before, 'SIGKILL');
    await until('another sidecar runs', () => sidecar() !== 0 && sidecar() !== before);
    await until('new tokens pass', async () => (await get(fresh())) === 200);
    expectVerifiedAlone(await stop());
  });

  it('a sidecar that hangs costs 503 in bounded time, and works on when it goes on', async () => {
    const stop = traffic(await known());
    const pid = sidecar();
    process.kill(pid, 'SIGSTOP');
    try {
      await until('new tokens are refused', async () => (await get(fresh())) === 503);
      const refused = await Promise.all(Array.from({ length: 100 }, () => get(fresh())));
      expect(new Set(refused)).toEqual(new Set([503]));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('new tokens pass', async () => (await get(fresh())) === 200);
    expectVerifiedAlone(await stop());
  });

  it('a good sidecar refuses nobody, but who forges', async () => {
    // No more at a time than two busy cores get done in the second that the filter allows the sidecar.
    for (let round = 0; round < 15; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(fresh())));
      expect(new Set(answers)).toEqual(new Set([200]));
    }
    const refused = await Promise.all(Array.from({ length: 50 }, () => get(forged())));
    expect(new Set(refused)).toEqual(new Set([401]));
  });
});
