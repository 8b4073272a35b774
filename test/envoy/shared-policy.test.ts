import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { lower, type ModuleFile } from '#controller/xds/lower.ts';
import { withRetired } from '#controller/xds/retired-policies.ts';
import type { XdsSnapshot } from '#controller/xds/snapshot.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { freePort, until } from '../process/sluice.ts';
import { KEY_SET } from '../property/policy-documents.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { CLASS, gatewayOf, manifest, yamlOf } from './route-site.ts';

const ROUTES = 500;

let envoy: LiveEnvoy;
let folder: string;
let file: ModuleFile;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  file = { digest: 'sha256:test', path: join(folder, 'policy.wasm') };
  writeFileSync(file.path, await compilePolicy());
  port = await freePort();
  envoy = await startLiveEnvoy();
});
afterAll(async () => {
  await envoy.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Many routes on one Gateway, which the policies are about. */
function proxy(...policies: readonly object[]): ProxyIr {
  return compileText(
    yamlOf([
      CLASS,
      gatewayOf([{ name: 'http', protocol: 'HTTP', port }]),
      ...Array.from({ length: ROUTES }, (_, index) =>
        manifest('HTTPRoute', `r${index}`, {
          parentRefs: [{ name: 'shop' }],
          hostnames: [`h${index}.example.com`],
          rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'elsewhere.example' } }] }],
        }),
      ),
      ...policies,
    ]),
  );
}

function policy(target: string, spec: object, name = 'policy'): object {
  const [kind, object] = target.split(' ');
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind, name: object }];
  return manifest('SecurityPolicy', name, { targetRefs, ...spec });
}

const allow = (more: object = {}) => ({ authorization: { defaultAction: 'Allow', ...more } });
const deny = { authorization: { defaultAction: 'Deny' } };

/** The kinds of resource in which two snapshots differ, with how many differ. */
function differences(a: XdsSnapshot, b: XdsSnapshot): { readonly [type: string]: number } {
  const counted = Object.entries(b).map(([type, resources]) => {
    const before = Object.entries(a).find(([other]) => other === type)?.[1];
    return [
      type,
      [...resources].filter(([name, { version }]) => before?.get(name)?.version !== version).length,
    ] as const;
  });
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

function statusOf(index: number): Promise<number> {
  const headers = { host: `h${index}.example.com` };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

/** Asks every route in turn until it is stopped, and tells what was answered. */
function askAgainAndAgain(): { readonly stop: () => Promise<ReadonlySet<number>> } {
  const over = new AbortController();
  const load = (async () => {
    const seen = new Set<number>();
    for (let index = 0; !over.signal.aborted; index = (index + 1) % ROUTES) seen.add(await statusOf(index));
    return seen;
  })();
  return {
    stop: () => {
      over.abort();
      return load;
    },
  };
}

describe('a policy of a Gateway with many routes', () => {
  it('that changes is pushed once, and no route with it', () => {
    const [before, after] = [allow(), deny].map((spec) => lower(proxy(policy('Gateway shop', spec)), file));
    if (before === undefined || after === undefined) throw new Error('there are two');
    expect(differences(before, after)).toEqual({ 'extension-config': 5 });
  });

  it('that another one takes the place of is pushed once, too', () => {
    const before = lower(proxy(policy('Gateway shop', allow())), file);
    const after = lower(proxy(policy('Gateway shop', deny, 'another')), file);
    expect(differences(before, after)).toEqual({ 'extension-config': 5 });
  });

  it('is in force at every moment of its changes', async () => {
    const snapshots = [allow(), deny].map((spec) => lower(proxy(policy('Gateway shop', spec)), file));
    const [open, closed] = snapshots;
    if (open === undefined || closed === undefined) throw new Error('there are two');
    expect(await envoy.publish(open)).toEqual([]);
    await until('the policy is there', async () => (await statusOf(0)) === 302);
    const load = askAgainAndAgain();
    for (let flip = 0; flip < 20; flip++) {
      const snapshot = flip % 2 === 0 ? closed : open;
      expect(await envoy.publish(snapshot)).toEqual([]);
      await until('it is in force', async () => (await statusOf(flip)) === (snapshot === closed ? 403 : 302));
      expect(await statusOf(flip + 1)).toBe(snapshot === closed ? 403 : 302);
    }
    expect(await load.stop()).toEqual(new Set([302, 403]));
  });

  it('that comes and goes, or needs more of its routes, leaves none without it', async () => {
    const writing = {
      jwt: {
        optional: true,
        providers: [
          {
            name: 'p',
            localJWKS: { type: 'Inline', inline: KEY_SET },
            claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
          },
        ],
      },
      ...deny,
    };
    const guarded = [deny, writing, deny, { ...deny, cors: { allowOrigins: ['*'] } }, deny];
    let last: ProxyIr | undefined;
    const publish = async (next: ProxyIr): Promise<void> => {
      const wanted = withRetired(next, last);
      expect(await envoy.publish(lower(wanted, file))).toEqual([]);
      last = wanted;
    };
    await publish(proxy(policy('Gateway shop', deny)));
    await until('it is in force', async () => (await statusOf(0)) === 403);
    const load = askAgainAndAgain();
    for (const spec of guarded) await publish(proxy(policy('Gateway shop', spec)));
    expect(await load.stop()).toEqual(new Set([403]));
    await publish(proxy());
    await until('it is gone', async () => (await statusOf(1)) === 302);
  });
});
