import type { SecurityPolicy } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { resolveAuthorization } from '../authorization/spec.ts';
import { resolveJwt } from '../jwt/spec.ts';

/** The parts of a SecurityPolicy that this version does not implement: a policy that has one is refused whole. */
const NOT_YET = ['mergeType', 'apiKeyAuth', 'cors', 'csrf', 'basicAuth', 'oidc', 'extAuth'] as const;

/** What a SecurityPolicy adds to a route. */
export function resolveSecurityPolicy(
  { metadata, spec }: SecurityPolicy,
  resources: Resources,
): Outcome<RouteFeaturesIr, 'Invalid'> {
  const object = `SecurityPolicy ${metadata.namespace}/${metadata.name}`;
  const missing = NOT_YET.find((field) => spec[field] !== undefined);
  if (missing !== undefined) return refusal('Invalid', `${object}: spec.${missing} is not implemented in this version`);
  const jwt = spec.jwt === undefined ? undefined : resolveJwt(spec.jwt, metadata.namespace, resources);
  if (jwt?.ok === false) return refusal('Invalid', `${object}: spec.${jwt.refusal.message}`);
  const providers = (spec.jwt?.providers ?? []).map(({ name }) => name);
  const authorization =
    spec.authorization === undefined ? undefined : resolveAuthorization(spec.authorization, providers);
  if (authorization?.ok === false) return refusal('Invalid', `${object}: spec.${authorization.refusal.message}`);
  return success({
    source: `SecurityPolicy/${metadata.namespace}/${metadata.name}`,
    ...(jwt === undefined ? {} : { jwt: jwt.value }),
    ...(authorization === undefined ? {} : { authorization: authorization.value }),
  });
}
