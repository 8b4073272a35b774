import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { admit } from '../admit.ts';
import { checkContent } from './check-content.ts';

function check(document: object) {
  const admission = admit(document);
  if (admission.kind !== 'resource') throw new Error(JSON.stringify(admission));
  return checkContent(admission.resource);
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
function pair(name: string): { readonly certificate: string; readonly key: string } {
  const [key, certificate] = [join(folder, 'key'), join(folder, 'crt')];
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
}
const one = pair('one.example');
const two = pair('two.example');
rmSync(folder, { recursive: true });

function tlsSecret(certificate: string, key: string) {
  const metadata = { name: 'cert' };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  };
}

describe('the content of a TLS Secret', () => {
  it('is fine when the key is that of the first certificate of a chain', () => {
    expect(check(tlsSecret(one.certificate + two.certificate, one.key))).toEqual([]);
  });

  it('refuses a key of another certificate, naming the certificate', () => {
    expect(check(tlsSecret(one.certificate, two.key))).toEqual([
      { path: ['data', 'tls.key'], message: 'must be the key of the certificate in tls.crt (CN=one.example)' },
    ]);
  });

  it('refuses what is no PEM without repeating it', () => {
    const refusals = check(tlsSecret('hunter2', 'hunter2'));
    expect(refusals.map(({ path }) => path.at(-1))).toEqual(['tls.crt', 'tls.key']);
    expect(JSON.stringify(refusals)).not.toContain('hunter2');
  });

  it('refuses a missing key', () => {
    expect(check(tlsSecret(one.certificate, ''))).toMatchObject([{ path: ['data', 'tls.key'] }]);
  });
});

describe('documents inside text fields', () => {
  const proxy = (bootstrap: object) => ({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: 'proxy' },
    spec: { bootstrap },
  });

  it('refuses a bootstrap that is no YAML, with the line inside it', () => {
    expect(check(proxy({ value: 'admin:\n\taddress: {}\n' }))).toEqual([
      {
        path: ['spec', 'bootstrap', 'value'],
        message: expect.stringMatching(/^line 2, column 1 of the text: invalid YAML: .*tab/u),
      },
    ]);
    expect(check(proxy({ value: 'just text' }))).toMatchObject([
      { message: 'must be a YAML document that is an object' },
    ]);
    expect(check(proxy({ value: 'admin: {}' }))).toEqual([]);
  });

  it('refuses an unknown field in the EnvoyGateway document of a ConfigMap, with its line', () => {
    const text = 'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyGateway\ngateway:\n  extensionApis: {}\n';
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config' },
      data: { 'envoy-gateway.yaml': text },
    };
    expect(check(configMap)).toEqual([
      {
        path: ['data', 'envoy-gateway.yaml'],
        message: 'line 4 of the text: gateway.extensionApis: unknown field (accepted here: controllerName)',
      },
    ]);
  });
});
