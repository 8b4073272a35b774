import type { HTTPCookieMatch, HTTPFilter, HTTPRouteFilter, HTTPRouteFilterSpec } from '#controller/api/gen/types.d.ts';
import type { Protocol } from '../backends/clusters.ts';
import type { CorsIr } from '../ir/cors.ts';
import type { CredentialIr } from '../ir/credential.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import type { HeaderChangesIr, MirrorIr, RedirectIr, RewriteIr } from '../ir/route.ts';
import type { ReferenceEnd } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { corsOf } from './cors-filter.ts';
import { type DirectResponse, directResponseOf } from './direct-response.ts';
import { credentialOf, extensionFilter } from './extension-filter.ts';
import { externalAuthOf } from './external-auth-filter.ts';
import { filterProblem } from './filter-problems.ts';
import { headerChangesOf } from './header-filters.ts';
import { mirrorsOf } from './mirror-filter.ts';
import { redirectOf } from './redirect-filter.ts';
import { NO_REWRITE, rewriteOf } from './url-rewrite.ts';
import { extendedRewrite } from './extended-rewrite.ts';

/** What filters may refer to, and whom it concerns when they cannot be had. */
export interface FilterContext {
  /** The route. */
  readonly from: ReferenceEnd;
  readonly resources: Resources;
  readonly settings: Settings;
  /** What back-ends are spoken to in, whatever they say; `undefined` for what they say. */
  readonly protocol?: Protocol | undefined;
  /** Takes the references that lead nowhere. */
  readonly problems: Refusal[];
}

/** What the filters of a rule do. */
export interface RuleFilters {
  readonly requestHeaders: HeaderChangesIr;
  readonly responseHeaders: HeaderChangesIr;
  readonly redirect: RedirectIr | undefined;
  readonly rewrite: RewriteIr;
  readonly mirrors: readonly MirrorIr[];
  readonly cors: CorsIr | undefined;
  readonly externalAuth: ExternalAuthIr | undefined;
  readonly credential: CredentialIr | undefined;
  readonly response: DirectResponse | undefined;
  /** Requests must have the cookies of one of these, beside what the rule says. */
  readonly cookies: readonly (readonly HTTPCookieMatch[])[];
}

/** What filters come to. */
export type FilterOutcome =
  | { readonly kind: 'filters'; readonly filters: RuleFilters }
  /** One cannot be had, which `problems` were told: requests must not go on without it. */
  | { readonly kind: 'unresolved' }
  /** One cannot be done; the message begins with its place: "filters[0].urlRewrite: ...". */
  | { readonly kind: 'invalid'; readonly refusal: Refusal };

/** Resolves the filters of a rule (Gateway API, `HTTPRouteRule.filters`). */
export function ruleFilters(filters: readonly HTTPFilter[], context: FilterContext): FilterOutcome {
  const problem = filterProblem(filters);
  if (problem !== undefined) return invalid('UnsupportedValue', problem);
  const extensions = extensionsOf(filters, context);
  if (extensions.kind !== 'extensions') return extensions;
  const { rewrites, response, credential, cookies } = extensions;
  const rewrite = together([...filters.flatMap(({ urlRewrite }) => urlRewrite ?? []).map(rewriteOf), ...rewrites]);
  if (rewrite === undefined) {
    return invalid('UnsupportedValue', 'filters: more than one of them rewrites the host, or the path');
  }
  const redirect = filters.find(({ requestRedirect }) => requestRedirect !== undefined)?.requestRedirect;
  const isMirrored = filters.some(({ requestMirror }) => requestMirror !== undefined);
  if (isMirrored && (redirect ?? response) !== undefined) {
    const other = redirect === undefined ? 'a directResponse' : 'a RequestRedirect';
    return invalid('IncompatibleFilters', `filters: a RequestMirror cannot be beside ${other}, which sends nothing on`);
  }
  if (context.from.kind === 'GRPCRoute' && response !== undefined && response.status < 300) {
    const found = `found the status ${response.status}, which no call can be answered with`;
    return invalid('UnsupportedValue', `filters: directResponse: ${found}; accepted are 300 to 599`);
  }
  const auths = filters.flatMap(({ externalAuth }) => externalAuth ?? []);
  if (auths.length > 1)
    return invalid('UnsupportedValue', 'filters: found more than one ExternalAuth, accepted is one');
  const auth = auths[0] === undefined ? undefined : externalAuthOf(auths[0], context);
  if (auth?.ok === false) return unresolved(auth.refusal, context);
  const responseHeaders = headerChangesOf(filters, 'responseHeaderModifier');
  return {
    kind: 'filters',
    filters: {
      requestHeaders: headerChangesOf(filters, 'requestHeaderModifier'),
      responseHeaders: {
        set: [...(response?.headers.set ?? []), ...responseHeaders.set],
        add: [...(response?.headers.add ?? []), ...responseHeaders.add],
        remove: responseHeaders.remove,
      },
      redirect: redirect === undefined ? undefined : redirectOf(redirect),
      rewrite,
      mirrors: mirrorsOf(filters, context),
      cors: corsOf(filters),
      externalAuth: auth?.value,
      credential,
      response,
      cookies,
    },
  };
}

interface Extensions {
  readonly kind: 'extensions';
  readonly rewrites: readonly RewriteIr[];
  readonly response: DirectResponse | undefined;
  readonly credential: CredentialIr | undefined;
  readonly cookies: readonly (readonly HTTPCookieMatch[])[];
}

/** What HTTPRouteFilters say; of two that answer, or put in a credential, the last one counts. */
function extensionsOf(
  filters: readonly HTTPFilter[],
  context: FilterContext,
): Extensions | Exclude<FilterOutcome, { readonly kind: 'filters' }> {
  const rewrites: RewriteIr[] = [];
  const cookies: (readonly HTTPCookieMatch[])[] = [];
  let response: DirectResponse | undefined;
  let credential: CredentialIr | undefined;
  for (const [index, { extensionRef }] of filters.entries()) {
    if (extensionRef === undefined) continue;
    const found = extensionFilter(extensionRef, context.from.namespace, context.resources);
    if (!found.ok) return invalid('UnsupportedValue', `filters[${index}]: ${found.refusal.message}`);
    if (found.value === undefined) {
      const message = `HTTPRouteFilter ${context.from.namespace}/${extensionRef.name} does not exist`;
      return unresolved({ reason: 'UnsupportedValue', message }, context);
    }
    const parts = partsOf(found.value, context.resources);
    if (parts.kind === 'invalid') return invalid('UnsupportedValue', `filters[${index}]: ${parts.message}`);
    if (parts.rewrite !== undefined) rewrites.push(parts.rewrite);
    const { matches } = found.value.spec;
    if (matches !== undefined && cookies.length > 0) {
      return invalid('UnsupportedValue', 'filters: more than one HTTPRouteFilter has matches');
    }
    response = parts.response ?? response;
    credential = parts.credential ?? credential;
    cookies.push(...(matches ?? []).map((match) => match.cookies ?? []));
  }
  return { kind: 'extensions', rewrites, response, credential, cookies };
}

type Parts =
  | {
      readonly kind: 'parts';
      readonly rewrite: RewriteIr | undefined;
      readonly response: DirectResponse | undefined;
      readonly credential: CredentialIr | undefined;
    }
  | { readonly kind: 'invalid'; readonly message: string };

function partsOf(filter: HTTPRouteFilter, resources: Resources): Parts {
  const { urlRewrite, directResponse, credentialInjection }: HTTPRouteFilterSpec = filter.spec;
  const rewrite = urlRewrite === undefined ? undefined : extendedRewrite(filter, urlRewrite);
  const response = directResponse === undefined ? undefined : directResponseOf(filter, directResponse, resources);
  const credential =
    credentialInjection === undefined ? undefined : credentialOf(filter, credentialInjection, resources);
  for (const part of [rewrite, response, credential]) {
    if (part?.ok === false) return { kind: 'invalid', message: part.refusal.message };
  }
  return {
    kind: 'parts',
    rewrite: rewrite?.ok === true ? rewrite.value : undefined,
    response: response?.ok === true ? response.value : undefined,
    credential: credential?.ok === true ? credential.value : undefined,
  };
}

/** All of some rewrites; `undefined` where two are about the same. */
function together(rewrites: readonly RewriteIr[]): RewriteIr | undefined {
  const hosts = rewrites.flatMap(({ host }) => host ?? []);
  const paths = rewrites.flatMap(({ path }) => path ?? []);
  if (hosts.length > 1 || paths.length > 1) return undefined;
  const tellsHost = rewrites.some((rewrite) => rewrite.tellsHost === true);
  return { ...NO_REWRITE, host: hosts[0], path: paths[0], ...(tellsHost ? { tellsHost } : {}) };
}

function invalid(reason: string, message: string): FilterOutcome & { readonly kind: 'invalid' } {
  return { kind: 'invalid', refusal: { reason, message } };
}

function unresolved(problem: Refusal, { problems }: FilterContext): FilterOutcome & { readonly kind: 'unresolved' } {
  problems.push(problem);
  return { kind: 'unresolved' };
}
