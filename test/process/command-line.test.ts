import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CLASS, gateway, route } from './manifests.ts';
import { sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sl-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const NOBODY = '127.0.0.1:1';
const good = file('good.yaml', CLASS + gateway('shop', 8080) + route('a', 'shop', '/', 3000));
const broken = file('broken.yaml', `${CLASS}---\nkind: [Gateway\n`);
const typo = file('typo.yaml', CLASS + gateway('shop', 8080).replace('gatewayClassName', 'gatewayClasName'));
const dangling = file('dangling.yaml', CLASS + route('a', 'nowhere', '/', 3000));
const ahead = file(
  'ahead.yaml',
  `${CLASS}${gateway('shop', 8080)}${route('a', 'shop', '/', 3000).replace('rules:', 'useDefaultGateways: All\n  rules:')}`,
);
const badCertificate = file(
  'secret.yaml',
  'apiVersion: v1\nkind: Secret\nmetadata: { name: tls }\ntype: kubernetes.io/tls\ndata:\n  tls.crt: aGVsbG8=\n  tls.key: aGVsbG8=\n',
);

const HEAD = 'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyGateway\n';
const renamed = file('renamed.yaml', `${HEAD}gateway: { controllerName: example.com/mine }\n`);
const withoutExtensions = file(
  'off.yaml',
  `${HEAD}extensionApis: { enableBackend: false, enableEnvoyPatchPolicy: false }\n`,
);
const badConfig = file('bad-config.yaml', `${HEAD}sluice: { nope: 1 }\n`);

describe('an exit code', () => {
  it.each([
    ['0 for help', ['--help'], 0],
    ['0 for the help of a command', ['run', '--help'], 0],
    ['0 for version', ['version'], 0],
    ['0 for completion', ['completion', 'bash'], 0],
    ['0 for manifests without errors', ['validate', good], 0],
    ['0 for manifests with warnings', ['validate', dangling], 0],
    ['1 for manifests with errors', ['validate', typo], 1],
    ['1 for a path that is not there', ['validate', join(folder, 'nowhere')], 1],
    ['1 for a translation that leaves something out', ['translate', broken], 1],
    ['2 for no command', [], 2],
    ['2 for an unknown command', ['serve'], 2],
    ['2 for an unknown flag', ['validate', good, '--fast'], 2],
    ['2 for an unknown output', ['translate', good, '-o', 'xml'], 2],
    ['2 for a shell without completions', ['completion', 'tcsh'], 2],
    ['2 for an admin address that is none', ['run', good, '--admin', 'here'], 2],
    ['2 for a path that cannot be run', ['run', join(folder, 'nowhere')], 2],
    [
      '2 for a state folder whose sockets would have too long names',
      ['run', good, '--state-dir', join(folder, 'x'.repeat(100))],
      2,
    ],
    ['2 for the status of an unknown kind', ['status', 'gatway'], 2],
    ['2 for a configuration that cannot be used, of run', ['run', good, '--config', badConfig], 2],
    ['2 for a configuration that cannot be used, of translate', ['translate', good, '--config', badConfig], 2],
    ['2 for a configuration that cannot be used, of validate', ['validate', good, '--config', badConfig], 2],
    ['3 for the status of what does not run', ['status', '--admin', NOBODY], 3],
    ['3 for the configuration of what does not run', ['config-dump', '--admin', NOBODY], 3],
  ] as const)('is %s', async (_, args, expected) => {
    const { code, stderr, stdout } = await sluice(args);
    expect(`${stderr}${stdout}`).not.toMatch(/^\s+at /mu);
    expect(code).toBe(expected);
    expect(stderr !== '' || expected < 2).toBe(true);
  });
});

describe('processor run', () => {
  it.each([
    ['text', /^[\d:.]+ ERROR .*: there is no file .*nowhere\.ts$/mu],
    ['json', /^\{"level":50,.*there is no file .*nowhere\.ts"\}$/mu],
  ])('tells what it cannot load, as %s', async (format, expected) => {
    const { code, stderr } = await sluice(['processor', 'run', join(folder, 'nowhere.ts'), '--log-format', format]);
    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });
});

describe('validate', () => {
  it.each([
    ['an unknown field', typo, `${typo}:10:3: Gateway default/shop: spec.gatewayClasName: `],
    ['a document that is no YAML', broken, `${broken}:`],
    ['a certificate that is none', badCertificate, `${badCertificate}:6:`],
    [
      'a reference that leads nowhere',
      dangling,
      'HTTPRoute default/a: spec.parentRefs[0]: warning: Gateway default/nowhere is not in what was read',
    ],
    [
      'a field that is not implemented',
      ahead,
      'HTTPRoute default/a: spec.useDefaultGateways: warning: this version does not implement the field',
    ],
  ])('says in one line where %s is', async (_, path, expected) => {
    const { stdout } = await sluice(['validate', path]);
    expect(stdout.split('\n').filter((line) => line.includes(expected))).toHaveLength(1);
  });

  it('says how much it read, apart from what is wrong', async () => {
    const { stdout, stderr } = await sluice(['validate', good]);
    expect([stdout, stderr]).toEqual(['', '4 objects read, nothing is wrong\n']);
    expect((await sluice(['validate', typo])).stderr).toBe('2 errors, 0 warnings\n');
  });

  it('reads standard input', async () => {
    const { code, stdout } = await sluice(['validate', '-'], 'kind: [x\n');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-:\d+:\d+: /u);
  });

  it('gives what it found as JSON', async () => {
    const { stdout } = await sluice(['validate', typo, '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ severity: 'error', field: 'spec.gatewayClasName', line: 10 })]),
    );
  });
});

describe('translate', () => {
  it('gives one List of statuses, complete although a document is broken, and nothing else on standard output', async () => {
    const { code, stdout, stderr } = await sluice(['translate', good, broken, '--to', 'status', '-o', 'json']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${broken}:`);
    const list: unknown = JSON.parse(stdout);
    expect(list).toMatchObject({ apiVersion: 'v1', kind: 'List' });
    expect(list).toMatchObject({
      items: expect.arrayContaining([
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'Gateway',
          metadata: { name: 'shop', namespace: 'default', generation: 1 },
          status: expect.objectContaining({
            conditions: expect.arrayContaining([expect.objectContaining({ type: 'Programmed', status: 'True' })]),
          }),
        },
        expect.objectContaining({ kind: 'HTTPRoute' }),
      ]),
    });
  });

  it('gives resources per proxy as Envoy’s config dump has them', async () => {
    const { stdout } = await sluice(['translate', good, '--to', 'xds', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      'default/shop': {
        configs: expect.arrayContaining([
          expect.objectContaining({
            '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
            dynamic_listeners: [
              expect.objectContaining({
                name: 'default/shop/http',
                active_state: expect.objectContaining({
                  listener: expect.objectContaining({
                    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
                  }),
                }),
              }),
            ],
          }),
        ]),
      },
    });
  });

  it('says of two Gateways on one port which has it', async () => {
    const both = file('both.yaml', CLASS + gateway('b', 80) + gateway('a', 80));
    const { stdout } = await sluice(['translate', both, '--to', 'status']);
    expect(stdout).toContain('held by listener http of Gateway default/a');
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('knows the commands and their flags in %s', async (shell) => {
    const { stdout } = await sluice(['completion', shell]);
    for (const word of ['run', 'translate', 'validate', 'status', 'config-dump', 'allow-partial']) {
      expect(stdout).toContain(word);
    }
  });
});

describe('completion in bash', () => {
  it.each([
    ['commands', ['tr'], 'translate'],
    ['subcommands', ['filter', 'pu'], 'push pull'],
    ['the values of an argument', ['completion', ''], 'bash zsh fish'],
    ['flags', ['run', '--al'], '--allow-partial'],
    ['the values of a flag', ['translate', '--to', ''], 'xds ir status'],
    ['the values of a short flag', ['status', '-o', 'j'], 'json'],
  ])('completes %s', async (_, words, expected) => {
    const { stdout } = await sluice(['completion', 'bash']);
    const all = ['sluice', ...words].map((word) => `'${word}'`).join(' ');
    const script = `${stdout}\nCOMP_WORDS=(${all}); COMP_CWORD=${words.length}; _sluice; echo "\${COMPREPLY[*]}"`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(`${expected}\n`);
  });
});

describe('--config', () => {
  it('names the controller whose classes are translated', async () => {
    const mine = file('mine.yaml', CLASS.replace(/controllerName: \S+/u, 'controllerName: example.com/mine'));
    const shop = file('shop.yaml', gateway('shop', 8080) + route('a', 'shop', '/', 3000));
    const translated = async (...args: readonly string[]) => {
      const { stdout } = await sluice(['translate', mine, shop, '--to', 'status', '-o', 'json', ...args]);
      return stdout;
    };
    expect(await translated()).not.toContain('"Programmed"');
    expect(await translated('--config', renamed)).toContain('"Programmed"');
    expect(await translated('--config', renamed)).toContain('"controllerName": "example.com/mine"');
  });

  it('makes validate tell what it turns off', async () => {
    const patch = file(
      'patch.yaml',
      'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyPatchPolicy\nmetadata: { name: p }\nspec: { type: JSONPatch, targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }, jsonPatches: [{ name: a, type: "type.googleapis.com/envoy.config.listener.v3.Listener", operation: { op: remove, path: /a } }] }\n',
    );
    const { stdout, code } = await sluice(['validate', good, patch, '--config', withoutExtensions]);
    expect(stdout).toContain('HTTPRoute default/a: spec.rules[0].backendRefs[0]: warning: Backends are turned off');
    expect(stdout).toContain('EnvoyPatchPolicy default/p: kind: warning: EnvoyPatchPolicies are turned off');
    expect(code).toBe(0);
  });
});
