import type { HTTPPathModifier, HTTPURLRewriteFilter } from '#controller/api/gen/types.d.ts';
import type { PathChangeIr, RewriteIr } from '../ir/route.ts';

/** Nothing of a request changes. */
export const NO_REWRITE: RewriteIr = { host: undefined, path: undefined };

/** What a filter of type URLRewrite changes. */
export function rewriteOf({ hostname, path }: HTTPURLRewriteFilter): RewriteIr {
  return { host: hostname === undefined ? undefined : { kind: 'name', value: hostname }, path: pathChange(path) };
}

/** What becomes of a path. */
export function pathChange(path: HTTPPathModifier | undefined): PathChangeIr | undefined {
  if (path === undefined) return undefined;
  switch (path.type) {
    case 'ReplaceFullPath':
      return { kind: 'full', value: path.replaceFullPath ?? '/' };
    case 'ReplacePrefixMatch':
      return { kind: 'prefix', value: path.replacePrefixMatch ?? '/' };
    default:
      return path.type satisfies never;
  }
}
