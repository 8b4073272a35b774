import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';
import { startFakeRegistry } from '#controller/oci/testing/fake-registry.ts';
import { sluice } from '../process/sluice.ts';
import { ALICE, REGISTRY_IS_THERE, type RealRegistry, startRegistry } from './real-registry.ts';

const EXAMPLE = join(ROOT, 'deploy/examples/wasm/filter');

let folder: string;
let image: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sl-filter-'));
  image = join(folder, 'image');
  const built = await sluice(['filter', 'build', EXAMPLE, '--out', image]);
  if (built.code !== 0) throw new Error(built.stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly digest: string;
  readonly reference: string;
  readonly layout: string;
  readonly image: { readonly digest: string };
  readonly module: { readonly digest: string; readonly size: number; readonly abi: string; readonly exports: string[] };
}

const reportOf = (text: string): Report => {
  const report: Report = JSON.parse(text);
  return report;
};

describe('sluice filter build', () => {
  it('gives the same image for the same sources, wherever they are', async () => {
    const copy = join(folder, 'copy');
    cpSync(EXAMPLE, copy, { recursive: true });
    const built = await sluice(['filter', 'build', copy, '--out', join(folder, 'b'), '-o', 'json']);
    const first = await sluice(['filter', 'inspect', image, '-o', 'json']);
    expect(reportOf(built.stdout).image.digest).toBe(reportOf(first.stdout).digest);
  });

  it('tells what does not compile, and where', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    writeFileSync(
      join(broken, 'index.ts'),
      'import { begin } from "sluice/wasm";\nexport * from "sluice/wasm/abi";\nbegin(1);\n',
    );
    const { code, stderr } = await sluice(['filter', 'build', broken, '--out', join(folder, 'x')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/index\.ts does not compile/u);
    expect(stderr).toMatch(/in index\.ts\(3,1\)/u);
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it('says what a filter without the SDK is missing', async () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    writeFileSync(join(bare, 'index.ts'), 'export function proxy_on_tick(_c: u32): void {}\n');
    const { code, stderr } = await sluice(['filter', 'build', bare, '--out', join(folder, 'x')]);
    expect(code).toBe(1);
    expect(stderr).toContain('index.ts: `export * from "sluice/wasm/abi"` is missing');
  });

  it.each([
    [
      'that does not hand on the ABI',
      '',
      /does not export proxy_abi_version_0_2_1, which `export \* from "sluice\/wasm\/abi"` hands on/u,
    ],
    [
      'with a misspelt callback',
      'export * from "sluice/wasm/abi";\nexport function proxy_on_request_header(): void {}\n',
      /exports proxy_on_request_header, which Envoy never calls/u,
    ],
    [
      'with a callback that forgets a parameter',
      'export * from "sluice/wasm/abi";\nexport function proxy_on_request_headers(_c: u32, _n: u32): u32 { return 0; }\n',
      /proxy_on_request_headers\(u32, u32\): u32, which Envoy calls as \(u32, u32, u32\): u32/u,
    ],
    [
      'with an import that Envoy does not have',
      'export * from "sluice/wasm/abi";\n@external("env","read_file") declare function f(): void;\nexport function proxy_on_tick(): void { f(); }\n',
      /imports function env\.read_file/u,
    ],
  ])('refuses a filter %s', async (_, rest, reason) => {
    const odd = join(folder, 'odd');
    mkdirSync(odd, { recursive: true });
    writeFileSync(join(odd, 'index.ts'), `import { begin } from "sluice/wasm";\nbegin();\n${rest}`);
    const { code, stderr } = await sluice(['filter', 'build', odd, '--out', join(folder, 'x')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
  });

  it('replaces no folder that is somebody else’s', async () => {
    const precious = join(folder, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'thesis.txt'), 'x');
    const { code, stderr } = await sluice(['filter', 'build', EXAMPLE, '--out', precious]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has other files than an image/u);
    expect(existsSync(join(precious, 'thesis.txt'))).toBe(true);
  });

  it('wants sources', async () => {
    expect((await sluice(['filter', 'build', folder])).code).toBe(2);
    expect((await sluice(['filter', 'build', join(folder, 'nowhere')])).code).toBe(2);
  });
});

it('sluice filter inspect shows what was built, without a registry', async () => {
  const { code, stdout } = await sluice(['filter', 'inspect', image, '-o', 'json']);
  expect(code).toBe(0);
  const { layout, module } = reportOf(stdout);
  expect(layout).toBe('artifact');
  expect(module.abi).toBe('0.2.1');
  expect(module.exports).toContain('proxy_on_response_headers');
});

it.each([
  [['filter', 'push', 'Not A Reference'], 2, /the image: found "Not A Reference"/u],
  [['filter', 'push', '127.0.0.1:1/a', '/nowhere'], 1, /\/nowhere: no such file or folder/u],
  [['filter', 'push', '127.0.0.1:1/a', join(ROOT, 'package.json')], 1, /do not begin with/u],
  [['filter', 'pull', '127.0.0.1:1/a'], 3, /ECONNREFUSED/u],
  [['filter', 'inspect', '/nowhere/at/all'], 2, /is no file, and the image: found/u],
  [['filter', 'inspect', join(ROOT, 'package.json')], 1, /do not begin with/u],
])('sluice %j ends with %i', async (args, expected, message) => {
  const { code, stderr } = await sluice(args);
  expect(stderr).toMatch(message);
  expect(code).toBe(expected);
});

it('a registry that sends something else is found out: exit code 1, and no file', async () => {
  const registry = await startFakeRegistry();
  try {
    expect((await sluice(['filter', 'push', `${registry.host}/a:1`, image])).code).toBe(0);
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      response.end('hello');
      return true;
    };
    const out = join(folder, 'pulled.wasm');
    const { code, stderr } = await sluice(['filter', 'pull', `${registry.host}/a:1`, '--out', out]);
    expect(stderr).toMatch(/bytes came, the manifest says/u);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  } finally {
    await registry.stop();
  }
});

describe.runIf(REGISTRY_IS_THERE)('with a real registry', () => {
  let open: RealRegistry;
  let closed: RealRegistry;
  beforeAll(async () => {
    [open, closed] = await Promise.all([startRegistry(), startRegistry({ isPrivate: true })]);
  });
  afterAll(async () => {
    await Promise.all([open.stop(), closed.stop()]);
  });

  it.each(['artifact', 'compat'])('a filter of layout %s is pushed, inspected and pulled', async (layout) => {
    const built = join(folder, layout);
    const made = await sluice(['filter', 'build', EXAMPLE, '--layout', layout, '--out', built, '-o', 'json']);
    const { image: packed, module } = reportOf(made.stdout);
    const reference = `${open.host}/team/filter:${layout}`;
    const pushed = await sluice(['filter', 'push', reference, built]);
    expect(pushed).toMatchObject({ code: 0, stdout: `${reference}@${packed.digest}\n` });
    const inspected = reportOf((await sluice(['filter', 'inspect', reference, '-o', 'json'])).stdout);
    expect(inspected).toEqual({ reference: `${reference}@${packed.digest}`, layout, module });
    const out = join(folder, `${layout}.wasm`);
    const pulled = await sluice(['filter', 'pull', `${reference}@${packed.digest}`, '--out', out]);
    expect(pulled.code).toBe(0);
    expect(readFileSync(out)).toHaveLength(module.size);
    // A module that is a file is pushed as well.
    const again = await sluice(['filter', 'push', `${open.host}/team/again:1`, out, '--layout', layout]);
    expect(again.stdout).toContain(packed.digest);
  });

  it("what is private is had with Docker's credentials, and not without", async () => {
    const reference = `${closed.host}/team/filter:1`;
    const before = process.env['DOCKER_CONFIG'];
    process.env['DOCKER_CONFIG'] = join(folder, 'docker');
    try {
      const refused = await sluice(['filter', 'push', reference, image]);
      expect(refused.code).toBe(3);
      expect(refused.stderr).toMatch(/without credentials; `docker login 127\.0\.0\.1:\d+` stores some/u);
      const auth = btoa(`${ALICE.username}:${ALICE.password}`);
      mkdirSync(join(folder, 'docker'));
      writeFileSync(join(folder, 'docker/config.json'), JSON.stringify({ auths: { [closed.host]: { auth } } }));
      expect((await sluice(['filter', 'push', reference, image])).code).toBe(0);
      expect((await sluice(['filter', 'inspect', reference])).code).toBe(0);
      copyFileSync(join(folder, 'docker/config.json'), join(folder, 'docker/saved'));
      writeFileSync(
        join(folder, 'docker/config.json'),
        JSON.stringify({ auths: { [closed.host]: { auth: btoa('alice:wrong') } } }),
      );
      const wrong = await sluice(['filter', 'inspect', reference]);
      expect(wrong.code).toBe(3);
      expect(wrong.stderr).toMatch(/with these credentials; `docker login/u);
      expect(wrong.stderr).not.toContain('wrong');
    } finally {
      if (before === undefined) delete process.env['DOCKER_CONFIG'];
      else process.env['DOCKER_CONFIG'] = before;
    }
  });
});
