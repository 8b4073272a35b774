import type { SecretObjectReference } from '#controller/api/gen/types.d.ts';
import { mayRefer } from '../../resources/reference-grants.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** Reads a text of a Secret that a SecurityPolicy of `namespace` refers to. Nothing of the text is in a message. */
export function secretText(
  ref: SecretObjectReference,
  key: string,
  at: string,
  namespace: string,
  resources: Resources,
): Outcome<string, 'Invalid'> {
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return refusal('Invalid', `${at}: found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`);
  }
  const target = ref.namespace ?? namespace;
  const from = { group: 'gateway.envoyproxy.io', kind: 'SecurityPolicy', namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace: target, name: ref.name }, resources)) {
    const words = `lets SecurityPolicies of namespace ${namespace} refer to Secret ${ref.name}`;
    return refusal('Invalid', `${at}: no ReferenceGrant in namespace ${target} ${words}`);
  }
  const object = `Secret ${target}/${ref.name}`;
  const secret = resources.get('Secret', target, ref.name);
  if (secret === undefined) return refusal('Invalid', `${at}: ${object} does not exist`);
  const text = secret.stringData?.[key] ?? Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  return text === '' ? refusal('Invalid', `${at}: ${object} has no key ${key}`) : success(text);
}
