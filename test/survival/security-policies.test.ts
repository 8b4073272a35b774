import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, Site, sluice, until } from '../process/sluice.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';
import { send } from '../seeds/request.ts';

const signers = { a: issuer('ES256', 'a'), b: issuer('ES256', 'b') } as const;

let echo: EchoBackEnd;
let site: Site;
let port: number;
beforeEach(async () => {
  [echo, port] = [await startEchoBackEnd('echo'), await freePort()];
});
afterEach(async () => {
  await site.destroy();
  await echo.stop();
});

/** A SecurityPolicy of a route: tokens of one signer, and what else it says. */
function policy(name: string, target: string, signer: keyof typeof signers, more: object = {}): string {
  const localJWKS = { type: 'Inline', inline: JSON.stringify({ keys: [signers[signer].jwk] }) };
  return JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: target }],
      jwt: { providers: [{ name: 'p', localJWKS }] },
      ...more,
    },
  });
}

async function start(files: { readonly [name: string]: string }): Promise<void> {
  const open = route('open', 'shop', '/open', echo.port);
  site = await Site.make({ 'gateway.yaml': CLASS + gateway('shop', port), 'open.yaml': open, ...files });
  await site.start();
}

async function ask(path: string, token?: string): Promise<number> {
  const headers: { readonly [name: string]: string } = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await send({ port, host: 'shop.example', path, headers })).status;
}

const becomes = (status: number, path: string, token?: string) =>
  until(`${path} is ${status}`, async () => (await ask(path, token)) === status);

/** Asks without a token, again and again, until `act` is done; gives every status that was answered. */
async function statusesWhile(path: string, act: () => Promise<void>): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const enough = new AbortController();
  const asking = (async () => {
    while (!enough.signal.aborted) seen.add(await ask(path));
  })();
  await act().finally(() => enough.abort());
  await asking;
  return seen;
}

describe('a policy whose route appears later', () => {
  it('is in force from the first request on', async () => {
    await start({ 'policy.yaml': policy('p', 'late', 'a') });
    const seen = await statusesWhile('/late', async () => {
      for (let round = 0; round < 5; round += 1) {
        site.write('late.yaml', route('late', 'shop', '/late', echo.port));
        await becomes(200, '/late', signers.a.token({}));
        site.remove('late.yaml');
        await becomes(404, '/late');
      }
    });
    expect([...seen].filter((status) => status !== 404 && status !== 401)).toEqual([]);
  });
});

describe('two policies on one target', () => {
  it('are never both left out: the first by name is in force, then the other', async () => {
    await start({
      'guarded.yaml': route('guarded', 'shop', '/guarded', echo.port),
      'first.yaml': policy('first', 'guarded', 'a'),
      'second.yaml': policy('second', 'guarded', 'b'),
    });
    expect(await ask('/guarded', signers.a.token({}))).toBe(200);
    expect(await ask('/guarded', signers.b.token({}))).toBe(401);
    const { stdout } = await sluice(['status', 'securitypolicy', 'second', '--admin', site.admin]);
    expect(stdout).toContain('Accepted=False (Conflicted)');
    const seen = await statusesWhile('/guarded', async () => {
      for (let round = 0; round < 3; round += 1) {
        site.remove('first.yaml');
        await becomes(200, '/guarded', signers.b.token({}));
        await becomes(401, '/guarded', signers.a.token({}));
        site.write('first.yaml', policy('first', 'guarded', 'a'));
        await becomes(200, '/guarded', signers.a.token({}));
      }
    });
    expect(seen).toEqual(new Set([401]));
  });
});

describe('a policy of a megabyte', () => {
  /** Rules that many values have to be compared for; the last one is about `claim`. */
  const rules = (claim: string) => {
    const many = Array.from({ length: 64 }, (_, rule) => ({
      action: 'Deny',
      principal: { jwt: { provider: 'p', claims: [{ name: 'sub', values: valuesOf(rule) }] } },
    }));
    const last = { action: 'Allow', principal: { jwt: { provider: 'p', claims: [{ name: 'sub', values: [claim] }] } } };
    return { authorization: { defaultAction: 'Deny', rules: [...many, last] } };
  };
  const valuesOf = (rule: number) =>
    Array.from({ length: 128 }, (_, value) => `${rule}-${value}-`.padEnd(128, String.fromCodePoint(97 + (rule % 26))));

  it('is in force as a whole, can be changed, and leaves other routes as they are', async () => {
    expect(JSON.stringify(rules('alice')).length).toBeGreaterThan(1_000_000);
    await start({
      'guarded.yaml': route('guarded', 'shop', '/guarded', echo.port),
      'policy.yaml': policy('p', 'guarded', 'a', rules('alice')),
    });
    const tokenOf = (sub: string) => signers.a.token({ sub });
    // Each worker takes its time over it, and meanwhile answers 500.
    await becomes(200, '/guarded', tokenOf('alice'));
    await becomes(403, '/guarded', tokenOf('bob'));
    await becomes(403, '/guarded', tokenOf(valuesOf(63)[127] ?? ''));
    await becomes(401, '/guarded');
    const seen = await statusesWhile('/open', async () => {
      for (const claim of ['bob', 'carol', 'alice']) {
        site.write('policy.yaml', policy('p', 'guarded', 'a', rules(claim)));
        await becomes(200, '/guarded', tokenOf(claim));
      }
    });
    expect(seen).toEqual(new Set([200]));
    await becomes(403, '/guarded', tokenOf('bob'));
  });

  it('of more than a filter reads closes its route, and only that, and its status says so', async () => {
    const more = Array.from({ length: 5 }, () => rules('alice').authorization.rules).flat();
    await start({
      'guarded.yaml': route('guarded', 'shop', '/guarded', echo.port),
      'policy.yaml': policy('p', 'guarded', 'a', { authorization: { defaultAction: 'Deny', rules: more } }),
    });
    expect(await ask('/guarded', signers.a.token({ sub: 'alice' }))).toBe(500);
    expect(await ask('/open')).toBe(200);
    const { stdout } = await sluice(['status', 'securitypolicy', 'p', '--admin', site.admin]);
    expect(stdout).toMatch(/Accepted=False \(Invalid\).*accepted are at most 4194304/u);
  });
});
