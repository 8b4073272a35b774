import type { SecurityPolicy } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import { fieldNamespace, fieldOwner, policyAnnotation } from '../../policies/merge.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { resolveApiKeyAuth } from '../api-key-auth/spec.ts';
import { resolveAuthorization } from '../authorization/spec.ts';
import { resolveBasicAuth } from '../basic-auth/spec.ts';
import { translateCsrf } from '../csrf/spec.ts';
import { translateCors } from '../cors/spec.ts';
import { resolveExtAuth } from '../ext-auth/spec.ts';
import { resolveHeaderRewrite, REWRITE_ANNOTATION } from '../header-rewrite/spec.ts';
import { resolveJwt } from '../jwt/spec.ts';
import { SESSION_PROVIDER } from '../oidc/session.ts';
import { readable } from '../policy-message.ts';
import { type ResolvedOidc, resolveOidc } from '../oidc/spec.ts';

/** What a SecurityPolicy adds to a route. */
export function resolveSecurityPolicy(
  policy: SecurityPolicy,
  resources: Resources,
  settings: Settings,
): Outcome<RouteFeaturesIr, 'Invalid' | 'Pending'> {
  const { metadata, spec } = policy;
  const object = `SecurityPolicy ${metadata.namespace}/${metadata.name}`;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { ok: false, refusal: missing };
  const jwt =
    spec.jwt === undefined
      ? undefined
      : resolveJwt(spec.jwt, { namespace: fieldNamespace(policy, spec.jwt.providers), resources, settings });
  if (jwt?.ok === false) return refusal(jwt.refusal.reason, `${object}: spec.${jwt.refusal.message}`);
  const providers = [
    ...(spec.jwt?.providers ?? []).map(({ name }) => name),
    ...(spec.oidc === undefined ? [] : [SESSION_PROVIDER]),
  ];
  const authorization =
    spec.authorization === undefined ? undefined : resolveAuthorization(spec.authorization, providers);
  if (authorization?.ok === false) return refusal('Invalid', `${object}: spec.${authorization.refusal.message}`);
  const annotation = policyAnnotation(policy, REWRITE_ANNOTATION);
  const rewrite =
    annotation === undefined
      ? undefined
      : resolveHeaderRewrite(annotation, { claim: spec.jwt !== undefined, session: spec.oidc !== undefined });
  if (rewrite?.ok === false) return refusal('Invalid', `${object}: ${rewrite.refusal.message}`);
  const native = resolveNative(policy, resources, settings);
  if (!native.ok) return refusal('Invalid', `${object}: spec.${native.refusal.message}`);
  const login = resolveLogin(policy, jwt?.value, authorization?.value, resources, settings);
  if (login?.ok === false) return refusal(login.refusal.reason, `${object}: spec.${login.refusal.message}`);
  const tokens = login === undefined ? jwt?.value : login.value.jwt;
  const features: RouteFeaturesIr = {
    source: `SecurityPolicy/${metadata.namespace}/${metadata.name}`,
    ...native.value,
    ...(spec.cors === undefined ? {} : { cors: translateCors(spec.cors) }),
    ...(spec.csrf === undefined ? {} : { csrf: translateCsrf(spec.csrf) }),
    ...(tokens === undefined ? {} : { jwt: tokens }),
    ...(login === undefined ? {} : { oidc: login.value.oidc }),
    ...(authorization === undefined ? {} : { authorization: authorization.value }),
    ...(rewrite === undefined ? {} : { headerRewrite: rewrite.value }),
  };
  return readable(features, object);
}

/** Resolves what Envoy's own filters do beside CORS and CSRF. */
function resolveNative(
  policy: SecurityPolicy,
  resources: Resources,
  settings: Settings,
): Outcome<Pick<RouteFeaturesIr, 'basicAuth' | 'apiKeyAuth' | 'extAuth'>, 'Invalid'> {
  const { basicAuth, apiKeyAuth, extAuth } = policy.spec;
  const namespaceOf = (part: object): string => fieldNamespace(policy, part);
  const users =
    basicAuth === undefined ? undefined : resolveBasicAuth(basicAuth, namespaceOf(basicAuth.users), resources);
  if (users?.ok === false) return users;
  const keys =
    apiKeyAuth === undefined
      ? undefined
      : resolveApiKeyAuth(apiKeyAuth, namespaceOf(apiKeyAuth.credentialRefs), resources);
  if (keys?.ok === false) return keys;
  const server = extAuth === undefined ? undefined : resolveExtAuth(extAuth, { namespaceOf, resources, settings });
  if (server?.ok === false) return server;
  return success({
    ...(users === undefined ? {} : { basicAuth: users.value }),
    ...(keys === undefined ? {} : { apiKeyAuth: keys.value }),
    ...(server === undefined ? {} : { extAuth: server.value }),
  });
}

function resolveLogin(
  policy: SecurityPolicy,
  jwt: RouteFeaturesIr['jwt'],
  authorization: RouteFeaturesIr['authorization'],
  resources: Resources,
  settings: Settings,
): Outcome<ResolvedOidc, 'Invalid' | 'Pending'> | undefined {
  const { oidc } = policy.spec;
  if (oidc === undefined) return undefined;
  return resolveOidc(oidc, {
    owner: fieldOwner(policy, oidc),
    namespaceOf: (part) => fieldNamespace(policy, part),
    jwt,
    authorization,
    sessionKeys: settings.sessionKeys,
    resources,
    settings,
  });
}
