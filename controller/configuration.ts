import { readFileSync } from 'node:fs';
import type { EnvoyGateway } from './api/gen/types.d.ts';
import { type FieldPath, formatFieldPath } from './api/field-path.ts';
import { validateConfig } from './api/validate.ts';
import { locate, parseYaml } from './provider/parse-yaml.ts';
import { CONTROLLER_NAME } from './settings.ts';

/** What a configuration file decides. */
export interface Configuration {
  readonly controllerName: string;
  /** Whether routes and policies may refer to Backends (`extensionApis.enableBackend`). */
  readonly backends: boolean;
  /** Whether EnvoyPatchPolicies are applied (`extensionApis.enableEnvoyPatchPolicy`). */
  readonly envoyPatchPolicy: boolean;
}

/** What is decided where there is no configuration file: from files both extensions are on. */
export const DEFAULT_CONFIGURATION: Configuration = {
  controllerName: CONTROLLER_NAME,
  backends: true,
  envoyPatchPolicy: true,
};

/** A configuration and what of it is not used, or everything that is wrong with it; each a line with its place. */
export type Configured =
  | { readonly ok: true; readonly value: Configuration; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Settings under `sluice:` that are known, and used by later versions. */
const SLUICE_SETTINGS: ReadonlySet<string> = new Set(['registryMirrors', 'resolverOverrides', 'caBundle', 'redis']);

/** Fields of EnvoyGateway that this version uses. */
const USED: readonly string[] = ['apiVersion', 'kind', 'metadata', 'gateway', 'extensionApis', 'sluice'];

/** Reads a configuration file: one document of kind EnvoyGateway (gateway.envoyproxy.io/v1alpha1). */
export function readConfiguration(file: string): Configured {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { ok: false, errors: [`${file}: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return parseConfiguration(file, text);
}

/** Reads the text of a configuration file; `file` is for messages. */
export function parseConfiguration(file: string, text: string): Configured {
  const parsed = parseYaml(text);
  if (!parsed.ok) {
    const { line, column } = parsed.position;
    return { ok: false, errors: [`${file}:${line}:${column}: ${parsed.message}`] };
  }
  const at = (path: FieldPath, message: string): string => {
    const { line, column } = locate(text, path);
    return `${file}:${line}:${column}: EnvoyGateway: ${path.length === 0 ? '' : `${formatFieldPath(path)}: `}${message}`;
  };
  const valid = validateConfig(parsed.value);
  if (!valid.ok) return { ok: false, errors: valid.errors.map(({ path, message }) => at(path, message)) };
  const unknown = Object.keys(valid.value.sluice ?? {}).filter((key) => !SLUICE_SETTINGS.has(key));
  if (unknown.length > 0) {
    const accepted = `accepted are ${[...SLUICE_SETTINGS].join(', ')}`;
    return { ok: false, errors: unknown.map((key) => at(['sluice', key], `unknown field, ${accepted}`)) };
  }
  const warnings = unused(valid.value).map((path) => at(path, 'warning: this version does not use it'));
  return { ok: true, value: configurationOf(valid.value), warnings };
}

function configurationOf({ gateway, extensionApis }: EnvoyGateway): Configuration {
  return {
    controllerName: gateway?.controllerName ?? DEFAULT_CONFIGURATION.controllerName,
    backends: extensionApis?.enableBackend ?? DEFAULT_CONFIGURATION.backends,
    envoyPatchPolicy: extensionApis?.enableEnvoyPatchPolicy ?? DEFAULT_CONFIGURATION.envoyPatchPolicy,
  };
}

function unused(document: EnvoyGateway): readonly FieldPath[] {
  const fields = Object.keys(document).filter((field) => !USED.includes(field));
  const settings = Object.keys(document.sluice ?? {});
  return [...fields.map((field) => [field]), ...settings.map((key) => ['sluice', key])];
}
