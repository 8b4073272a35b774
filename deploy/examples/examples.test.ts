import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from '#controller/cli/findings.ts';
import { compile } from '#controller/compile.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { wasmFiltersOf } from '#controller/xds/http-filters.ts';
import { type LoadedFilters, lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '#test/envoy/live-envoy.ts';
import { startEchoBackEnd } from '#test/seeds/echo-back-end.ts';
import { showSaid } from '#test/seeds/show-status.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { compileUserFilter, filterSource } from '#wasm-filters/build/user-filter.ts';
import { startEcho } from '../setup/echo.ts';

const HERE = import.meta.dirname;
const TOPICS = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, 'README.md')));
const BACK_END_PORT = 25_190;

/** Lines of a README that end in the status that they answer. */
function commandsOf(topic: string): readonly (readonly [command: string, status: string])[] {
  const text = readFileSync(join(HERE, topic, 'README.md'), 'utf8');
  return [...text.matchAll(/^(curl .*) # (\d{3})$/gmu)].map(([, command = '', status = '']) => [command, status]);
}

async function statusOf(command: string): Promise<string> {
  const silent = command.replace('curl', "curl -s -o /dev/null -w '%{http_code}'").replace(' -i ', ' ');
  // A status of 000 makes curl fail; what it printed counts.
  const run = promisify(execFile)('bash', ['-c', `${silent} || true`]);
  return (await run).stdout;
}

/** The filters of a user, as if the proxy had them: those of an example are made of the sources beside it. */
async function ownFilters(xds: ProxyIr, sources: string, folder: string): Promise<LoadedFilters> {
  const source = filterSource(sources);
  if (source === undefined) return new Map();
  const path = join(folder, 'filter.wasm');
  writeFileSync(path, await compileUserFilter(source));
  return new Map([...wasmFiltersOf(xds)].map(([name, filter]) => [name, { filter, digest: 'sha256:own', path }]));
}

it('there are examples', () => {
  expect(TOPICS.length).toBeGreaterThan(9);
});

describe.each(TOPICS)('%s', (topic) => {
  const folder = join(HERE, topic);

  it('is valid, and everything in it is accepted and in force', () => {
    const loaded = loadOnce([folder]);
    expect(findings(loaded)).toEqual([]);
    const said = showSaid(compile(loaded).statuses().flat()).map(({ line }) => line);
    expect(said.length).toBeGreaterThan(2);
    expect(said.filter((line) => line.includes('!'))).toEqual([]);
  });

  it('tells how to run it', () => {
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`npx sluice run deploy/examples/${topic}`);
  });
});

describe('on real Envoy', () => {
  let envoy: LiveEnvoy;
  let stopEcho: () => Promise<void>;
  let module: string;
  beforeAll(async () => {
    module = join(mkdtempSync(join(tmpdir(), 'sluice-')), 'policy.wasm');
    writeFileSync(module, await compilePolicy());
    stopEcho = await startEcho(BACK_END_PORT);
    envoy = await startLiveEnvoy();
  });
  afterAll(async () => {
    await envoy.stop();
    await stopEcho();
    rmSync(join(module, '..'), { recursive: true, force: true });
  });

  it.each(TOPICS)('%s answers as its README says', async (topic) => {
    const [proxy, ...others] = compile(loadOnce([join(HERE, topic)])).proxies.values();
    if (proxy === undefined) throw new Error('the manifests make no proxy');
    expect(others).toEqual([]);
    const filters = await ownFilters(proxy.xds, join(HERE, topic, 'filter'), join(module, '..'));
    expect(await envoy.publish(lower(proxy.xds, { digest: 'sha256:test', path: module }, filters))).toEqual([]);
    // An active listener is bound, but nothing takes its connections until the worker has it.
    while ((await statusOf('curl http://localhost:25180/')) === '000') await sleep(10);
    for (const [command, status] of commandsOf(topic)) {
      expect(`${command} # ${await statusOf(command)}`).toBe(`${command} # ${status}`);
    }
  });

  it('a Unix socket serves once somebody listens on it', async () => {
    const [proxy] = compile(loadOnce([join(HERE, 'backends')])).proxies.values();
    if (proxy === undefined) throw new Error('the manifests make no proxy');
    await envoy.publish(lower(proxy.xds, undefined));
    rmSync('/tmp/sluice-example.sock', { force: true });
    const backEnd = await startEchoBackEnd('socket', '/tmp/sluice-example.sock');
    try {
      await expect.poll(() => statusOf('curl http://localhost:25180/socket')).toBe('200');
    } finally {
      await backEnd.stop();
    }
  });
});
