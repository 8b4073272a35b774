import type { Secret, SecretObjectReference } from '#controller/api/gen/types.d.ts';
import { mayRefer } from '../../resources/reference-grants.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** All texts of a Secret that a SecurityPolicy of `namespace` refers to, by their keys in order. Nothing of them is in a message. */
export function secretTexts(
  ref: SecretObjectReference,
  at: string,
  namespace: string,
  resources: Resources,
): Outcome<readonly (readonly [key: string, text: string])[], 'Invalid'> {
  const found = secretOf(ref, at, namespace, resources);
  if (!found.ok) return found;
  const { data = {}, stringData = {} } = found.value;
  const keys = [...new Set([...Object.keys(data), ...Object.keys(stringData)])].sort();
  return success(keys.map((key) => [key, textIn(found.value, key)]));
}

/** Reads a text of a Secret that a SecurityPolicy of `namespace` refers to. Nothing of the text is in a message. */
export function secretText(
  ref: SecretObjectReference,
  key: string,
  at: string,
  namespace: string,
  resources: Resources,
): Outcome<string, 'Invalid'> {
  const found = secretOf(ref, at, namespace, resources);
  if (!found.ok) return found;
  const text = textIn(found.value, key);
  const object = `Secret ${ref.namespace ?? namespace}/${ref.name}`;
  return text === '' ? refusal('Invalid', `${at}: ${object} has no key ${key}`) : success(text);
}

function textIn({ data, stringData }: Secret, key: string): string {
  return stringData?.[key] ?? Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}

function secretOf(
  ref: SecretObjectReference,
  at: string,
  namespace: string,
  resources: Resources,
): Outcome<Secret, 'Invalid'> {
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return refusal('Invalid', `${at}: found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`);
  }
  const target = ref.namespace ?? namespace;
  const from = { group: 'gateway.envoyproxy.io', kind: 'SecurityPolicy', namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace: target, name: ref.name }, resources)) {
    const words = `lets SecurityPolicies of namespace ${namespace} refer to Secret ${ref.name}`;
    return refusal('Invalid', `${at}: no ReferenceGrant in namespace ${target} ${words}`);
  }
  const secret = resources.get('Secret', target, ref.name);
  const object = `Secret ${target}/${ref.name}`;
  return secret === undefined ? refusal('Invalid', `${at}: ${object} does not exist`) : success(secret);
}
