import { formatFieldPath } from '#controller/api/field-path.ts';
import type { ConfigMap } from '#controller/api/gen/types.d.ts';
import { validateConfig } from '#controller/api/validate.ts';
import type { Refusal } from '../admit.ts';
import { locateAll, parseYaml } from '../parse-yaml.ts';
import { checkYamlObject } from './check-yaml.ts';

/** The key under which a gateway's configuration is mounted. */
const configKey = 'envoy-gateway.yaml';

/** Refuses a ConfigMap whose `envoy-gateway.yaml` is no valid EnvoyGateway document. */
export function checkConfigMap({ data }: ConfigMap): readonly Refusal[] {
  const text = data?.[configKey];
  if (text === undefined) return [];
  const path = ['data', configKey];
  const notYaml = checkYamlObject(text, path);
  const parsed = parseYaml(text);
  if (notYaml.length > 0 || !parsed.ok) return notYaml;
  const result = validateConfig(parsed.value);
  if (result.ok) return [];
  const places = locateAll(
    text,
    result.errors.map((error) => error.path),
  );
  return result.errors.map((error, index) => {
    const line = places[index]?.line ?? 1;
    return { path, message: `line ${line} of the text: ${formatFieldPath(error.path)}: ${error.message}` };
  });
}
