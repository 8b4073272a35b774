import type { SecurityPolicy } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import { fieldNamespace } from '../../policies/merge.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { resolveAuthorization } from '../authorization/spec.ts';
import { translateCors } from '../cors/spec.ts';
import { resolveJwt } from '../jwt/spec.ts';

/** What a SecurityPolicy adds to a route. */
export function resolveSecurityPolicy(
  policy: SecurityPolicy,
  resources: Resources,
): Outcome<RouteFeaturesIr, 'Invalid' | 'Pending'> {
  const { metadata, spec } = policy;
  const object = `SecurityPolicy ${metadata.namespace}/${metadata.name}`;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { ok: false, refusal: missing };
  const jwt =
    spec.jwt === undefined ? undefined : resolveJwt(spec.jwt, fieldNamespace(policy, spec.jwt.providers), resources);
  if (jwt?.ok === false) return refusal(jwt.refusal.reason, `${object}: spec.${jwt.refusal.message}`);
  const providers = (spec.jwt?.providers ?? []).map(({ name }) => name);
  const authorization =
    spec.authorization === undefined ? undefined : resolveAuthorization(spec.authorization, providers);
  if (authorization?.ok === false) return refusal('Invalid', `${object}: spec.${authorization.refusal.message}`);
  return success({
    source: `SecurityPolicy/${metadata.namespace}/${metadata.name}`,
    ...(spec.cors === undefined ? {} : { cors: translateCors(spec.cors) }),
    ...(jwt === undefined ? {} : { jwt: jwt.value }),
    ...(authorization === undefined ? {} : { authorization: authorization.value }),
  });
}
