import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIGURATION, parseConfiguration, readConfiguration } from './configuration.ts';

const HEAD = 'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyGateway\n';
const parse = (rest: string) => parseConfiguration('c.yaml', HEAD + rest);

describe('a configuration file', () => {
  it('that says nothing leaves everything as it is without one', () => {
    expect(parse('')).toEqual({ ok: true, value: DEFAULT_CONFIGURATION, warnings: [] });
  });

  it('names the controller and turns extensions off', () => {
    const text =
      'gateway: { controllerName: example.com/mine }\nextensionApis: { enableBackend: false, enableEnvoyPatchPolicy: false }\n';
    expect(parse(text)).toEqual({
      ok: true,
      value: { controllerName: 'example.com/mine', backends: false, envoyPatchPolicy: false },
      warnings: [],
    });
  });

  it('with a field that this version does not use says so, with its place', () => {
    const found = parse('logging:\n  level: { default: info }\nsluice:\n  redis: { url: redis://127.0.0.1 }\n');
    expect(found.ok && found.warnings).toEqual([
      expect.stringMatching(/^c\.yaml:3:1: EnvoyGateway: logging: warning: /u),
      expect.stringMatching(/^c\.yaml:6:3: EnvoyGateway: sluice\.redis: warning: /u),
    ]);
  });

  it.each([
    ['an unknown field', 'nope: 1\n', /^c\.yaml:3:1: EnvoyGateway: nope: unknown field/u],
    [
      'an unknown setting of ours',
      'sluice: { nope: 1 }\n',
      /sluice\.nope: unknown field, accepted are registryMirrors/u,
    ],
    ['a value of the wrong type', 'extensionApis: { enableBackend: maybe }\n', /extensionApis\.enableBackend/u],
    ['what is no YAML', 'a: [\n', /^c\.yaml:\d+:\d+: /u],
  ])('with %s is refused, with its place', (_, text, message) => {
    const found = parse(text);
    expect(found.ok ? [] : found.errors).toEqual([expect.stringMatching(message)]);
  });

  it('that is not there is refused', () => {
    expect(readConfiguration('/nowhere/c.yaml')).toMatchObject({ ok: false });
  });
});
