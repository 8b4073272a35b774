import { isObject } from '#controller/api/compile.ts';
import type { FieldPath } from '#controller/api/field-path.ts';
import type { Refusal } from '../admit.ts';
import { parseYaml } from '../parse-yaml.ts';

/** Refuses a text field that is no YAML document, or one that is no object; the line is counted inside the text. */
export function checkYamlObject(text: string, path: FieldPath): readonly Refusal[] {
  const parsed = parseYaml(text);
  if (!parsed.ok) {
    const { line, column } = parsed.position;
    return [{ path, message: `line ${line}, column ${column} of the text: ${parsed.message}` }];
  }
  return isObject(parsed.value) ? [] : [{ path, message: 'must be a YAML document that is an object' }];
}
