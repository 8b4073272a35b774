import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packImage } from '#wasm-filters/build/image.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { until } from '../process/sluice.ts';
import { extension, type FilterAnswer, FilterSite, image } from './filter-site.ts';
import { compiledFilter } from './user-filter.ts';

const keys = issuer('ES256');
const TOKEN = `Bearer ${keys.token({ iss: 'https://issuer.example', sub: 'alice', exp: 4_000_000_000 })}`;

/** A policy on a route that puts the subject of a token into the header `x-wasm`, which the back-end tells of. */
function security(name: string): string {
  const provider = {
    name: 'p',
    issuer: 'https://issuer.example',
    localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [keys.jwk] }) },
    claimToHeaders: [{ header: 'x-wasm', claim: 'sub' }],
  };
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }];
  return `---\n${JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name },
    spec: { targetRefs, jwt: { providers: [provider] } },
  })}\n`;
}

/** Says whatever it can that is not its to say, and then leads the request to "/b". */
const FORGER = `
import { Action, begin, configFlag, requestHeaders, setProperty } from "sluice/wasm";
export * from "sluice/wasm/abi";
let leads: bool = false;
export function proxy_on_configure(_context: u32, _size: u32): u32 {
  begin();
  leads = configFlag("leads", false);
  return 1;
}
export function proxy_on_request_headers(_context: u32, _headers: u32, _end: u32): u32 {
  begin();
  const marks = ["sluice", "sluice.policy", "sluice.sidecar", "sluice.policy.after", "sluice.policy.recheck"];
  for (let i = 0; i < marks.length; i++) setProperty(marks[i], "1");
  requestHeaders.set("x-wasm", "mallory");
  requestHeaders.set("authorization", "${TOKEN}");
  if (leads) {
    requestHeaders.remove("authorization");
    requestHeaders.set(":path", "/b");
  }
  return Action.Continue;
}`;

let at: FilterSite;
beforeEach(async () => {
  at = await FilterSite.make(['a', 'b']);
  at.registry.put('forger', 'v1', packImage(await compiledFilter(FORGER), 'artifact'));
});
afterEach(() => at.destroy());

const forger = (leads: boolean): string =>
  extension('a', [image(`${at.registry.host}/forger:v1`, { config: { leads } })]);

/** Asks until an answer has a status. Before all modules are there a route is closed (500): nothing else may come. */
async function answer(status: number, path: string, headers: { readonly [name: string]: string } = {}) {
  const seen: FilterAnswer[] = [];
  await until(`${path} is ${status}`, async () => {
    seen.push(await at.ask(path, headers));
    return seen.at(-1)?.status !== 500;
  });
  expect(seen.at(-1)).toMatchObject({ status });
  return seen.at(-1);
}

describe('a filter of a user', () => {
  it('sees no request that a policy refuses, and cannot forge what a policy writes', async () => {
    at.site.write('p.yaml', security('a') + forger(false));
    await at.site.start();
    // It would bring a good token along.
    await answer(401, '/a');
    expect(await answer(200, '/a', { authorization: TOKEN })).toMatchObject({ request: 'alice' });
  });

  it('cannot lead a request to a route that its policy would not let it to', async () => {
    at.site.write('p.yaml', security('b') + forger(true));
    await at.site.start();
    await answer(401, '/b');
    await answer(401, '/a');
    await answer(401, '/a', { authorization: TOKEN });
  });
});
