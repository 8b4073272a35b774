import type { JWT, JWTExtractor, JWTProvider } from '#controller/api/gen/types.d.ts';
import type { JwtIr, JwtProviderIr, TokenSourceIr } from '../../ir/jwt.ts';
import { handedOverName, isWritableHeader, WRITABLE_HEADERS } from '../../resources/header-name.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { ViaContext } from '../fetch-via.ts';
import { parseJwks } from './jwks.ts';
import { remoteKeys } from './remote-keys.ts';

type Jwt = Outcome<JwtIr, 'Invalid' | 'Pending'>;
type Provider = Outcome<JwtProviderIr, 'Invalid' | 'Pending'>;
type Keys = Outcome<Pick<JwtProviderIr, 'keys' | 'keySet'>, 'Invalid' | 'Pending'>;

/** Resolves `jwt` of a SecurityPolicy; messages start with the field. */
export function resolveJwt(spec: JWT, context: ViaContext): Jwt {
  // All of them before the first refusal counts: each may ask for its keys.
  const found = spec.providers.map((provider, index) => resolveProvider(provider, `jwt.providers[${index}]`, context));
  const providers: JwtProviderIr[] = [];
  for (const provider of found) {
    if (!provider.ok) return provider;
    providers.push(provider.value);
  }
  return success({ providers, optional: spec.optional ?? false, failOpen: spec.failOpen ?? false });
}

function resolveProvider(spec: JWTProvider, path: string, context: ViaContext): Provider {
  const notWritable = (spec.claimToHeaders ?? []).find(({ header }) => !isWritableHeader(header));
  if (notWritable !== undefined) {
    return refusal('Invalid', `${path}.claimToHeaders: found the header ${notWritable.header}, ${WRITABLE_HEADERS}`);
  }
  const keys = keysOf(spec, path, context);
  if (!keys.ok) return keys;
  return success({
    name: spec.name,
    issuer: spec.issuer,
    audiences: spec.audiences ?? [],
    ...keys.value,
    claimToHeaders: (spec.claimToHeaders ?? []).map(({ claim, header }) => ({
      claim: claim.split('.'),
      header: header.toLowerCase(),
    })),
    ...(spec.recomputeRoute === true && { recomputesRoute: true }),
    sources: tokenSources(spec.extractFrom),
  });
}

function keysOf({ localJWKS, remoteJWKS }: JWTProvider, path: string, context: ViaContext): Keys {
  if (remoteJWKS !== undefined) return remoteKeys(remoteJWKS, `${path}.remoteJWKS`, context);
  const { namespace, resources } = context;
  const at = `${path}.localJWKS`;
  if (localJWKS === undefined) return refusal('Invalid', `${at}: found none, a provider needs its keys`);
  if (localJWKS.type === 'Inline') return keysIn(localJWKS.inline, `${at}.inline`);
  const name = localJWKS.valueRef?.name ?? '';
  const data = resources.get('ConfigMap', namespace, name)?.data;
  if (data === undefined)
    return refusal('Invalid', `${at}.valueRef: ConfigMap ${namespace}/${name} does not exist or is empty`);
  return keysIn(data['jwks'] ?? Object.values(data)[0], `${at}.valueRef: ConfigMap ${namespace}/${name}`);
}

function keysIn(text: string | undefined, at: string): Keys {
  const keys = parseJwks(text ?? '');
  return keys.ok ? success({ keys: keys.value }) : refusal('Invalid', `${at} ${keys.refusal.message}`);
}

/** Where tokens come from when a policy does not say (RFC 6750 section 2.1). */
const BEARER: readonly TokenSourceIr[] = [{ kind: 'header', name: 'authorization', prefix: 'Bearer ' }];

function tokenSources(extract: JWTExtractor | undefined): readonly TokenSourceIr[] {
  if (extract === undefined) return BEARER;
  const sources: TokenSourceIr[] = [
    ...(extract.headers ?? []).map(
      ({ name, valuePrefix }) => ({ kind: 'header', name: handedOverName(name), prefix: valuePrefix ?? '' }) as const,
    ),
    ...(extract.cookies ?? []).map((name) => ({ kind: 'cookie', name }) as const),
    ...(extract.params ?? []).map((name) => ({ kind: 'query', name }) as const),
  ];
  return sources.length === 0 ? BEARER : sources;
}
