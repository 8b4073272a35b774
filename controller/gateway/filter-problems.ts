import type { HTTPFilter, HTTPHeaderFilter, HTTPPathModifier } from '#controller/api/gen/types.d.ts';

/**
 * What of filters no proxy can do, although the schema accepts it: "filters[0].requestHeaderModifier.set: ...", or
 * `undefined`. Requests that such a filter is for must not go on without it (Gateway API, HTTPRouteRule.filters).
 */
export function filterProblem(filters: readonly HTTPFilter[]): string | undefined {
  for (const [index, filter] of filters.entries()) {
    const found =
      within('requestHeaderModifier', headersProblem(filter.requestHeaderModifier)) ??
      within('responseHeaderModifier', headersProblem(filter.responseHeaderModifier)) ??
      within('requestRedirect.path', pathProblem(filter.requestRedirect?.path)) ??
      within('urlRewrite.path', pathProblem(filter.urlRewrite?.path));
    if (found !== undefined) return `filters[${index}].${found}`;
  }
  return undefined;
}

function within(field: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${field}.${problem}`;
}

/** Envoy, `HeaderMutation`: "host" and what begins with a colon are no headers that can be changed as such. */
function headersProblem(filter: HTTPHeaderFilter | undefined): string | undefined {
  for (const field of ['set', 'add'] as const) {
    const at = filter?.[field]?.findIndex(({ name }) => name.toLowerCase() === 'host') ?? -1;
    if (at !== -1) {
      return `${field}[${at}].name: found Host, which a urlRewrite with a hostname sets; accepted is any other header`;
    }
  }
  const at = filter?.remove?.findIndex((name) => !isRemovable(name)) ?? -1;
  if (at === -1) return undefined;
  const found = JSON.stringify(filter?.remove?.[at]);
  return `remove[${at}]: found ${found}, accepted is a header other than Host, without a colon at its beginning`;
}

function isRemovable(name: string): boolean {
  return name !== '' && !name.startsWith(':') && name.toLowerCase() !== 'host' && !hasControls(name);
}

/** RFC 9112 section 3: a blank or a line break in it would end the path of the request line. */
function pathProblem(path: HTTPPathModifier | undefined): string | undefined {
  for (const field of ['replaceFullPath', 'replacePrefixMatch'] as const) {
    const text = path?.[field];
    if (text !== undefined && (text.includes(' ') || hasControls(text))) {
      return `${field}: found ${JSON.stringify(text)}, accepted is a path without blanks, line breaks and control characters`;
    }
  }
  return undefined;
}

function hasControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return /[\u0000-\u001F\u007F]/u.test(text);
}
