import { create, toBinary } from '@bufbuild/protobuf';
import { schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { authorizationConfig } from './authorization/config.ts';
import { headerRewriteConfig } from './header-rewrite/config.ts';
import { jwtConfig } from './jwt/config.ts';
import { oidcConfig } from './oidc/config.ts';
import { rateLimitConfig } from './rate-limit/config.ts';

/** The largest policy that the `policy` module reads, in bytes; a contract with it. */
export const LARGEST_POLICY = 4_194_304;

/** What the `policy` module decides, as it reads it (`sluice.filter.v1.Policy`); `undefined` where that is nothing. */
export function policyMessage(features: RouteFeaturesIr): Uint8Array<ArrayBuffer> | undefined {
  const { jwt, authorization, oidc, rateLimit, headerRewrite, source } = features;
  if ([jwt, authorization, oidc, rateLimit, headerRewrite].every((one) => one === undefined)) return undefined;
  const headers = headerRewrite === undefined ? undefined : headerRewriteConfig(headerRewrite, [jwt, oidc]);
  const type = schema('sluice.filter.v1.Policy');
  const message = create(type, {
    source: source ?? '',
    ...(jwt === undefined ? {} : { jwt: jwtConfig(jwt) }),
    ...(authorization === undefined ? {} : { authorization: authorizationConfig(authorization) }),
    ...(oidc === undefined ? {} : { oidc: oidcConfig(oidc) }),
    ...(rateLimit === undefined ? {} : { rateLimit: rateLimitConfig(rateLimit) }),
    ...(headers === undefined ? {} : { headers }),
  });
  return toBinary(type, withNeeds(type, message));
}

/** Features of a policy that the `policy` module can read; `object` names the policy. */
export function readable(features: RouteFeaturesIr, object: string): Outcome<RouteFeaturesIr, 'Invalid'> {
  const size = policyMessage(features)?.length ?? 0;
  if (size <= LARGEST_POLICY) return success(features);
  return refusal(
    'Invalid',
    `${object}: spec: found ${size} bytes for the filter, accepted are at most ${LARGEST_POLICY}: let rules be fewer or shorter`,
  );
}
