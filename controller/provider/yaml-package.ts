import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

type YamlPackage = typeof Yaml;

let loaded: YamlPackage | undefined;

/** The package `yaml`, loaded when it is first needed: most manifests are plain enough to be read without it. */
export function yamlPackage(): YamlPackage {
  return (loaded ??= load());
}

function load(): YamlPackage {
  return createRequire(import.meta.url)('yaml');
}
