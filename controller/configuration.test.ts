import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sluiceSettings } from './api/envoy-gateway/sluice-settings.ts';
import { selfSigned } from '#test/seeds/self-signed.ts';
import { DEFAULT_CONFIGURATION, parseConfiguration, readConfiguration } from './configuration.ts';

const HEAD = 'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyGateway\n';
const parse = (rest: string) => parseConfiguration('c.yaml', HEAD + rest);

const folder = mkdtempSync(join(tmpdir(), 'sl-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a configuration file', () => {
  it('that says nothing leaves everything as it is without one', () => {
    expect(parse('')).toEqual({ ok: true, value: DEFAULT_CONFIGURATION, warnings: [] });
  });

  it('names the controller and turns extensions off', () => {
    const text =
      'gateway: { controllerName: example.com/mine }\nextensionApis: { enableBackend: false, enableEnvoyPatchPolicy: false }\n';
    expect(parse(text)).toEqual({
      ok: true,
      value: { ...DEFAULT_CONFIGURATION, controllerName: 'example.com/mine', backends: false, envoyPatchPolicy: false },
      warnings: [],
    });
  });

  it('with a field that this version does not use says so, with its place', () => {
    const redis = 'backend: { type: Redis, redis: { url: "redis:6379", tls: {} } }';
    const found = parse(`gatewayAPI:\n  enabled: []\nrateLimit:\n  telemetry: {}\n  ${redis}\n`);
    expect(found.ok && found.warnings).toEqual([
      expect.stringMatching(/^c\.yaml:3:1: EnvoyGateway: gatewayAPI: warning: /u),
      expect.stringMatching(/^c\.yaml:6:3: EnvoyGateway: rateLimit\.telemetry: warning: .* no rate limit service/u),
    ]);
  });

  it('says from which level on each component logs; `xds` is for both that it has become of', () => {
    const found = parse('logging: { level: { default: warn, infrastructure: debug, xds: error, xds-server: info } }\n');
    expect(found).toMatchObject({
      value: {
        log: {
          level: 'warn',
          components: { infrastructure: 'debug', 'xds-translator': 'error', 'xds-server': 'info', provider: undefined },
        },
      },
      warnings: [],
    });
  });

  it('with the level of a service that there is none of says why it has no effect', () => {
    const found = parse('logging: { level: { global-ratelimit: debug } }\n');
    expect(found.ok && found.warnings).toEqual([
      expect.stringMatching(
        /^c\.yaml:3:\d+: EnvoyGateway: logging\.level\.global-ratelimit: warning: without effect: /u,
      ),
    ]);
  });

  it.each([
    [
      'provider: { type: Kubernetes, kubernetes: { rateLimitDeployment: {} } }',
      /kubernetes\.rateLimitDeployment: .* sidecar of each/u,
    ],
    ['provider: { type: Kubernetes, kubernetes: { shutdownManager: { image: a } } }', /sidecar of each proxy drains/u],
    ['provider: { type: Kubernetes, kubernetes: { proxyTopologyInjector: {} } }', /Injector: .* there is no webhook/u],
    ['provider: { type: Kubernetes, kubernetes: { cacheSyncPeriod: 1m } }', /cacheSyncPeriod: .* nothing waits/u],
    [
      'provider: { type: Custom, custom: { resource: { type: File, file: { paths: [a] } } } }',
      /provider: .* the command/u,
    ],
    ['admin: { enablePprof: true }', /admin\.enablePprof: .* Go/u],
    ['admin: { enableDumpConfig: true }', /admin\.enableDumpConfig: .* passwords/u],
    ['extensionApis: { enableLua: true }', /extensionApis\.enableLua: .* not accepted/u],
    ['extensionApis: { enableSDSSecretRef: true }', /extensionApis\.enableSDSSecretRef: .* refused/u],
  ])('says what it asks for in vain, with its place, and why: %s', (text, message) => {
    const found = parse(`${text}\n`);
    expect(found.ok && found.warnings).toEqual([expect.stringMatching(message)]);
    expect(found.ok && found.warnings[0]).toMatch(/^c\.yaml:3:\d+: EnvoyGateway: \S+: warning: without effect: /u);
  });

  it.each([
    'provider: { type: Kubernetes, kubernetes: { proxyTopologyInjector: { disabled: true } } }',
    'admin: { enablePprof: false, enableDumpConfig: false }',
    'extensionApis: { disableLua: true, enableLua: false, enableSDSSecretRef: false }',
  ])('that turns off what there is not has nothing to be told: %s', (text) => {
    expect(parse(`${text}\n`)).toMatchObject({ ok: true, warnings: [] });
  });

  it('bounds the connections of proxies', () => {
    const limits = (text: string): unknown => {
      const found = parse(`xdsServer: { ${text} }\n`);
      return found.ok ? [found.value.connections, ...found.warnings] : found.errors;
    };
    const [size, grace] = [64 * 1024 * 1024, 120_000];
    expect(limits('maxConnectionAge: 10h, maxReceiveMessageSize: 32Mi')).toEqual([
      { age: 36_000_000, grace, message: 32 * 1024 * 1024 },
    ]);
    // A timer of Node.js that is longer than it can be ends at once.
    expect(limits('maxConnectionAge: 99999h, maxConnectionAgeGrace: 99999h')).toEqual([
      { age: expect.closeTo(2 ** 31 / 1.1, -1), grace: 2 ** 31 - 1, message: size },
    ]);
    expect(limits('maxConnectionAgeGrace: 30s')).toEqual([
      { age: undefined, grace: 30_000, message: size },
      expect.stringMatching(/maxConnectionAgeGrace: warning: without effect: connections have no end without maxC/u),
    ]);
    expect(limits('maxConnectionAge: 0s, maxReceiveMessageSize: -5')).toEqual([
      expect.stringMatching(/^c\.yaml:3:14: EnvoyGateway: xdsServer\.maxConnectionAge: found 0s, accepted is 10s or/u),
      expect.stringMatching(/xdsServer\.maxReceiveMessageSize: found -5, accepted is 1Mi or more/u),
    ]);
  });

  it('says how all proxies run, as an EnvoyProxy does', () => {
    const found = parse('envoyProxy: { concurrency: 2, provider: { type: Kubernetes } }\n');
    const spec = { concurrency: 2, provider: { type: 'Kubernetes' } };
    expect(found).toMatchObject({ value: { envoyProxy: { kind: 'EnvoyProxy', spec } }, warnings: [] });
  });

  it('with what would refuse an EnvoyProxy is refused, each field at its place', () => {
    const found = parse(
      'envoyProxy:\n  preserveRouteOrder: true\n  luaValidation: Disabled\n  concurrency: 2\n  mergeType: JSONMerge\n',
    );
    expect(found.ok ? [] : found.errors).toEqual([
      'c.yaml:4:3: EnvoyGateway: envoyProxy.preserveRouteOrder: not implemented in this version',
      'c.yaml:5:3: EnvoyGateway: envoyProxy.luaValidation: not implemented in this version',
    ]);
    const bootstrap = parse('envoyProxy: { bootstrap: { type: Merge, value: "nonsense: 1" } }\n');
    expect(bootstrap.ok ? [] : bootstrap.errors).toEqual([
      expect.stringMatching(/^c\.yaml:3:\d+: EnvoyGateway: envoyProxy: spec\.bootstrap\.value: is no envoy/u),
    ]);
    const host = parse('provider: { type: Kubernetes }\nenvoyProxy: { provider: { type: Host } }\n');
    expect(host.ok ? [] : host.errors).toEqual([
      expect.stringMatching(/found Host, accepted on a cluster is Kubernetes/u),
    ]);
  });

  it.each([
    [
      'as Envoy Gateway has it',
      'rateLimit: { backend: { type: Redis, redis: { url: "redis.svc:6379" } } }',
      'redis://redis.svc:6379',
    ],
    ['of our own', 'sluice: { redis: { url: "rediss://:word@redis.example/1" } }', 'rediss://:word@redis.example/1'],
    [
      'of our own before the other',
      'sluice: { redis: { url: "redis://a" } }\nrateLimit: { backend: { type: Redis, redis: { url: "b:1" } } }',
      'redis://a',
    ],
    [
      'with tls',
      'rateLimit: { backend: { type: Redis, redis: { url: "redis.svc:6379", tls: {} } } }',
      'rediss://redis.svc:6379',
    ],
    [
      'with tls, which is for our own, too',
      'sluice: { redis: { url: "redis://:word@a" } }\nrateLimit: { backend: { type: Redis, redis: { tls: {} } } }',
      'rediss://:word@a',
    ],
  ])('says where Redis is, by a setting %s', (_, text, url) => {
    const found = parse(`${text}\n`);
    expect(found.ok && found.value.redis?.address).toEqual({ kind: 'url', url });
  });

  it('names the Secrets with the address of Redis, and with the certificate to show to it', () => {
    const redis = 'urlRef: { secretKeyRef: { name: a, key: b } }, tls: { certificateRef: { name: c, namespace: d } }';
    const found = parse(`rateLimit: { backend: { type: Redis, redis: { ${redis} } } }\n`);
    expect(found.ok && found.value.redis).toEqual({
      address: { kind: 'secret', name: 'a', key: 'b' },
      tls: { certificate: { name: 'c', namespace: 'd' } },
    });
  });

  it.each([
    ['neither url nor urlRef', '', /redis: found neither url nor urlRef/u],
    ['both', 'url: "a:1", urlRef: { secretKeyRef: { name: a, key: b } }', /redis\.urlRef: found beside url/u],
    [
      'a Secret that need not be there',
      'urlRef: { secretKeyRef: { name: a, key: b, optional: true } }',
      /secretKeyRef\.optional: found true, accepted is false/u,
    ],
    [
      'a certificate in a ConfigMap',
      'url: "a:1", tls: { certificateRef: { kind: ConfigMap, name: a } }',
      /certificateRef: found kind ConfigMap of group "", accepted is a Secret/u,
    ],
  ])('that has %s of Redis is refused: it is not counted in memory instead', (_, redis, message) => {
    const found = parse(`rateLimit: { backend: { type: Redis, redis: { ${redis} } } }\n`);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(message)]);
    expect(found.ok ? '' : found.errors[0]).toMatch(/^c\.yaml:3:\d+: EnvoyGateway: rateLimit\.backend\.redis/u);
  });

  it('warns of an address that is not used beside our own', () => {
    const found = parse(
      'sluice: { redis: { url: "redis://a" } }\nrateLimit: { backend: { type: Redis, redis: { url: "b:1" } } }\n',
    );
    expect(found.ok && found.warnings).toEqual([expect.stringMatching(/redis\.url: warning: .*sluice\.redis\.url/u)]);
  });

  it.each([
    ['', undefined],
    ['timeout: 20ms, ', 20],
    ['timeout: 10s, ', 10_000],
  ])('says how long a request waits for its count: %s', (timeout, expected) => {
    const found = parse(`rateLimit: { ${timeout}backend: { type: Redis, redis: { url: "a:1" } } }\n`);
    expect(found.ok && found.value.rateLimitTimeout).toBe(expected);
  });

  it.each(['0s', '11s'])('refuses to have a request wait %s', (timeout) => {
    const found = parse(`rateLimit: { timeout: ${timeout}, backend: { type: Redis, redis: { url: "a:1" } } }\n`);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(/timeout: found .*, accepted is 1ms to 10s/u)]);
  });

  it.each([
    ['', true],
    ['rateLimit: { backend: { type: Redis, redis: { url: "a:1" } } }', true],
    ['rateLimit: { failClosed: true, backend: { type: Redis, redis: { url: "a:1" } } }', true],
    ['rateLimit: { failClosed: false, backend: { type: Redis, redis: { url: "a:1" } } }', false],
  ])('refuses requests that cannot be counted, unless it says otherwise: %s', (text, expected) => {
    const found = parse(`${text}\n`);
    expect(found.ok && found.value.failClosed).toBe(expected);
  });

  it.each(['a', 'a:1,b:2', 'a:b', ''])('refuses the address %j of a Redis', (url) => {
    const found = parse(`rateLimit: { backend: { type: Redis, redis: { url: "${url}" } } }\n`);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(/rateLimit\.backend\.redis\.url: /u)]);
  });

  it.each([
    ['an unknown field', 'nope: 1\n', /^c\.yaml:3:1: EnvoyGateway: nope: unknown field/u],
    ['an unknown setting of ours', 'sluice: { nope: 1 }\n', /sluice\.nope: unknown field .*registryMirrors/u],
    [
      'a component of the log that is misspelt',
      'logging: { level: { xds-srever: debug } }\n',
      /logging\.level\.xds-srever: unknown field; did you mean xds-server/u,
    ],
    ['a level that there is none of', 'logging: { level: { xds: loud } }\n', /logging\.level\.xds: .*debug/u],
    ['a value of the wrong type', 'extensionApis: { enableBackend: maybe }\n', /extensionApis\.enableBackend/u],
    [
      'a cluster whose proxies are to be on this host',
      'provider: { type: Custom, custom: { resource: { type: Kubernetes }, infrastructure: { type: Host } } }\n',
      /provider\.custom\.resource\.type: found Kubernetes, accepted is File/u,
    ],
    [
      'proxies that another service is to run',
      'provider: { type: Custom, custom: { resource: { type: File, file: { paths: [a] } }, infrastructure: { type: Remote } } }\n',
      /provider\.custom\.infrastructure\.type: found Remote, accepted is Host/u,
    ],
    ['what is no YAML', 'a: [\n', /^c\.yaml:\d+:\d+: /u],
  ])('with %s is refused, with its place', (_, text, message) => {
    const found = parse(text);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(message)]);
  });

  it('that is not there is refused', () => {
    expect(readConfiguration('/nowhere/c.yaml')).toMatchObject({ ok: false });
  });

  it('tells where hosts are, what is trusted and what is refused', () => {
    const { 'tls.crt': certificate } = selfSigned('keys.example');
    writeFileSync(join(folder, 'ca.pem'), `# ours\n${certificate}`);
    const text = `${HEAD}sluice:
  resolverOverrides: { Keys.Example: 127.0.0.1, 'b.example:443': 127.0.0.1:8443, c.example: '::1', d.example: '[::1]:1' }
  registryMirrors: { docker.io: ['http://127.0.0.1:5000'] }
  caBundle: ca.pem
  fetch: { refuse: [Loopback, Private], allow: [10.0.0.0/8, 'fd00::/8'], timeout: 2s500ms }
`;
    expect(parseConfiguration(join(folder, 'c.yaml'), text)).toEqual({
      ok: true,
      warnings: [],
      value: {
        ...DEFAULT_CONFIGURATION,
        fetch: {
          resolverOverrides: new Map([
            ['keys.example', { address: '127.0.0.1', port: undefined }],
            ['b.example:443', { address: '127.0.0.1', port: 8443 }],
            ['c.example', { address: '::1', port: undefined }],
            ['d.example', { address: '::1', port: 1 }],
          ]),
          registryMirrors: new Map([['docker.io', ['http://127.0.0.1:5000']]]),
          caBundle: certificate.trim(),
          refuse: new Set(['Loopback', 'Private']),
          allow: ['10.0.0.0/8', 'fd00::/8'],
          timeout: 2_500,
        },
      },
    });
  });

  it.each([
    [
      'an override that is no address',
      'resolverOverrides: { a.example: b.example }',
      /resolverOverrides\S*a\.example/u,
    ],
    ['an override to a port that is none', 'resolverOverrides: { a.example: 127.0.0.1:0 }', /resolverOverrides/u],
    ['a mirror that is no URL', 'registryMirrors: { a.example: [b.example] }', /registryMirrors/u],
    ['a bundle that is not there', 'caBundle: nowhere.pem', /sluice\.caBundle: .*nowhere\.pem/u],
    ['a bundle without certificates', 'caBundle: c.yaml', /sluice\.caBundle: .*no certificate/u],
    ['a network that is none', 'fetch: { allow: [10.0.0.0] }', /sluice\.fetch\.allow\[0\]/u],
    ['a class of addresses that may not be chosen', 'fetch: { refuse: [LinkLocal] }', /sluice\.fetch\.refuse\[0\]/u],
    ['no time', 'fetch: { timeout: 0s }', /sluice\.fetch\.timeout/u],
  ])('with %s is refused, with its place', (_, setting, message) => {
    const file = join(folder, 'c.yaml');
    writeFileSync(file, `${HEAD}sluice: { ${setting} }\n`);
    const found = readConfiguration(file);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(message)]);
    expect(found.ok ? '' : found.errors[0]).toMatch(/c\.yaml:3:\d+: EnvoyGateway: /u);
  });

  it('shows no password of Redis when its URL is wrong', () => {
    const found = parse('sluice: { redis: { url: "http://:secret@a" } }\n');
    expect(found.ok ? '' : found.errors.join()).toMatch(/sluice\.redis\.url/u);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('is what the page on settings shows, which has every setting of ours', () => {
    const page = readFileSync(new URL('../deploy/docs/settings.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n(.*?)```/su.exec(page) ?? [];
    writeFileSync(join(folder, 'ca.pem'), selfSigned('a.example')['tls.crt']);
    const found = parseConfiguration(join(folder, 'c.yaml'), example);
    expect(found).toMatchObject({
      ok: true,
      warnings: [],
      value: { redis: { address: { url: expect.stringContaining('rediss://') } } },
    });
    const [, ours = ''] = example.split('sluice:\n');
    const shown = new Set([...ours.matchAll(/^ {2}(\w+):/gmu)].map(([, name]) => name));
    expect(shown).toEqual(new Set(Object.keys(sluiceSettings.properties)));
  });
});
