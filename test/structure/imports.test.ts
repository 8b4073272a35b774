import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';

/** Which folders a folder may import from, beside itself; the most specific entry counts. `*` is everything. */
const MAY_IMPORT: { readonly [folder: string]: readonly string[] } = {
  proto: [],
  // How anything outside is asked: of the controller and the sidecar alike, in the package of both.
  'extproc/outbound': [],
  extproc: ['proto'],
  'wasm-filters': ['proto'],
  'deploy/crds': ['controller/api'],
  'deploy/helm': [
    'controller/api',
    'controller/kubernetes/rbac.ts',
    'controller/infra/kubernetes/rbac.ts',
    'controller/infra/kubernetes/objects/settings.ts',
    'deploy/setup',
  ],
  'deploy/package': ['deploy/setup', 'proto'],
  'deploy/images': [],
  'deploy/examples': ['extproc'],
  'deploy/setup': [
    'proto',
    'wasm-filters',
    'controller/api',
    'deploy/examples',
    'test/cluster/namespaces.ts',
    'test/cluster/cluster.ts',
  ],
  'controller/api': [],
  // What users say of how proxies run is carried as they say it.
  'controller/ir': ['controller/api/gen'],
  'controller/regex': ['controller/ir', 'controller/resources'],
  'controller/runtime': [],
  'controller/resources': ['controller/api', 'controller/implemented.ts', 'controller/ir/pieces.ts'],
  // Certificates, authorities and parameters of TLS, whichever side uses them.
  'controller/tls': ['controller/api', 'controller/resources', 'controller/ir'],
  'controller/backends': [
    'controller/api',
    'controller/resources',
    'controller/ir',
    'controller/tls',
    'controller/settings.ts',
    // What class an address is of.
    'extproc/outbound',
  ],
  'controller/policies': ['controller/api', 'controller/resources', 'controller/ir'],
  'controller/status': ['controller/api', 'controller/resources', 'controller/policies'],
  'controller/gateway': [
    'controller/api',
    'controller/resources',
    'controller/ir',
    'controller/backends',
    'controller/tls',
    'controller/policies',
    'controller/regex',
    'controller/status',
    // Whether an EnvoyProxy can be followed.
    'controller/infra/bootstrap',
    'controller/settings.ts',
  ],
  'controller/features': [
    'controller/api',
    'controller/resources',
    'controller/ir',
    'controller/policies',
    'controller/backends',
    'controller/tls',
    'controller/oci',
    'controller/regex',
    'controller/xds/build',
    'controller/settings.ts',
    'proto',
  ],
  'controller/xds': ['controller/ir', 'controller/features', 'proto'],
  'controller/provider': ['controller/api', 'controller/resources'],
  'controller/provider/kubernetes': [
    'controller/api',
    'controller/resources',
    'controller/kubernetes',
    'controller/fetch/back-off.ts',
    'controller/runtime',
    'controller/provider',
  ],
  'controller/telemetry': ['controller/api', 'controller/resources/duration.ts', 'controller/runtime'],
  // The API server of a cluster: how it is spoken to, followed and led.
  'controller/kubernetes': [
    'controller/api',
    'controller/fetch/back-off.ts',
    'controller/runtime',
    'controller/status',
  ],
  // The Redis that global rate limits are counted in: what says where it is, and what is shown to it.
  'controller/redis': [
    'controller/api',
    'controller/fetch/back-off.ts',
    'controller/kubernetes',
    'controller/provider',
    'controller/resources',
    'controller/runtime',
    'controller/tls',
  ],
  'controller/fetch': ['controller/resources', 'controller/runtime', 'extproc/outbound'],
  'controller/oci': ['controller/resources', 'controller/fetch', 'extproc/outbound'],
  'controller/modules': ['controller/resources', 'controller/fetch', 'controller/oci', 'extproc/outbound'],
  'controller/server': ['controller/runtime', 'controller/xds', 'controller/infra/infra.ts', 'controller/pki', 'proto'],
  'controller/pki': ['controller/api', 'controller/kubernetes'],
  'controller/infra/kubernetes': [
    'controller/infra',
    'controller/api',
    'controller/ir',
    'controller/resources',
    'controller/kubernetes',
    'controller/pki',
    'controller/fetch/back-off.ts',
    'controller/runtime',
  ],
  'controller/infra': [
    'controller/api',
    'controller/ir',
    'controller/resources',
    'controller/gateway/port-claims.ts',
    'controller/runtime/node-http.ts',
  ],
  // What a user says of Envoy's bootstrap: text, patches, Envoy's own API.
  'controller/infra/bootstrap': [
    'controller/api',
    'controller/ir',
    'controller/resources',
    'controller/features/envoy-patch-policy',
    'controller/provider/parse-yaml.ts',
    'proto',
  ],
  controller: ['*'],
  test: ['*'],
};

const sources = globSync('{proto,extproc,wasm-filters,controller,deploy,test}/**/*.ts', {
  cwd: ROOT,
  exclude: (path) => /(^|\/)(gen|assembly|node_modules)(\/|$)/u.test(path),
});

/** Paths from the root of the checkout that a source file imports, of those that are ours. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/gu)].flatMap(([, target = '']) => {
    if (target.startsWith('#')) return [target.slice(1)];
    if (target === 'sluice/extproc') return ['extproc/index.ts'];
    return target.startsWith('.') ? [relative(ROOT, join(ROOT, dirname(file), target))] : [];
  });
}

function folderOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((folder) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function isAllowed(file: string, target: string): boolean {
  const folder = folderOf(file);
  if (folder === undefined) return false;
  if (target.startsWith(`${folder}/`)) return true;
  return (MAY_IMPORT[folder] ?? []).some(
    (allowed) => allowed === '*' || target === allowed || target.startsWith(`${allowed}/`),
  );
}

describe('imports', () => {
  it('are found', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(importsOf('controller/translate.ts')).toContain('controller/gateway/gateways.ts');
  });

  it('keep to the directions of the architecture (tests of a file may import more)', () => {
    const wrong = sources
      .filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => !isAllowed(file, target))
          .map((target) => `${file} -> ${target}`),
      );
    expect(wrong).toEqual([]);
  });
});
