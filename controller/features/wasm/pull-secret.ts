import { createHash } from 'node:crypto';
import type { SecretObjectReference } from '#controller/api/gen/types.d.ts';
import { entryFor, parseDockerConfig } from '../../oci/credentials.ts';
import type { ImageReference } from '../../oci/reference.ts';
import { mayRefer } from '../../resources/reference-grants.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { PullSecret } from '../../resources/wants.ts';

const TYPE = 'kubernetes.io/dockerconfigjson';
const KEY = '.dockerconfigjson';

/**
 * The Secret that a policy in `namespace` shows to a registry. It is that of its own namespace, unless a ReferenceGrant lends
 * another's. One that has nothing for the registry is refused: it is a mistake, and never leads to a pull without.
 */
export function resolvePullSecret(
  ref: SecretObjectReference,
  path: string,
  namespace: string,
  image: ImageReference,
  resources: Resources,
): Outcome<PullSecret, 'Invalid'> {
  const from = { group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace };
  const to = { group: '', kind: 'Secret', namespace: ref.namespace ?? namespace, name: ref.name };
  const object = `Secret ${to.namespace}/${to.name}`;
  if (!mayRefer(from, to, resources)) {
    const grant = `no ReferenceGrant in namespace ${to.namespace} lets EnvoyExtensionPolicies of namespace ${namespace}`;
    return refusal('Invalid', `${path}: ${grant} refer to Secret ${to.name}`);
  }
  const secret = resources.get('Secret', to.namespace, to.name);
  if (secret === undefined) return refusal('Invalid', `${path}: ${object} does not exist`);
  if (secret.type !== TYPE)
    return refusal('Invalid', `${path}: ${object}: type: found ${secret.type}, accepted is ${TYPE}`);
  const text = secret.stringData?.[KEY] ?? Buffer.from(secret.data?.[KEY] ?? '', 'base64').toString('utf8');
  const config = parseDockerConfig(Buffer.from(text));
  if (!config.ok) return refusal('Invalid', `${path}: ${object}: ${KEY}: ${config.refusal.message}`);
  if (entryFor(config.value.auths, image.registry, image.repository) === undefined) {
    return refusal('Invalid', `${path}: ${object}: ${KEY}: auths: found nothing for ${image.registry}`);
  }
  // Who shows the same words in another namespace is somebody else: what one may pull is not had by the other.
  const id = createHash('sha256')
    .update(JSON.stringify([namespace, text]))
    .digest('hex');
  return success({ id, text: () => text });
}
