/** What of the checkout is in the npm package as it is, at the same path: patterns from the root. */
export const CONTENTS: readonly string[] = [
  // The command, as far as it runs on whatever Node there is.
  'controller/cli/sluice.mjs',
  'deploy/setup/{node24,fresh-bundle}.mjs',
  'extproc/runtime/stdin-watch.mjs',
  // What messages are made by.
  'proto/envoy/envoy.binpb.gz',
  'proto/sluice/**/*.proto',
  'build/messages.binpb',
  // The images of the filters, and what users' filters are made of.
  'build/filters/**',
  'wasm-filters/sdk/assembly/**/*.ts',
  'deploy/crds/*.yaml',
  'deploy/examples/**',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
];

/** The scripts of the package, and the source of each one. */
export const SCRIPTS = {
  controller: 'controller/main.ts',
  sidecar: 'extproc/main.ts',
  extproc: 'extproc/index.ts',
} as const;

/** Steps of a set-up in a checkout: they are done before there is a package. */
export const DONE_BEFORE: readonly string[] = [
  'proto/generate.ts',
  'controller/api/generate-types.ts',
  'wasm-filters/build.ts',
  'deploy/setup/bundle.ts',
];
