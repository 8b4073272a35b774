import type { JsonObject } from '../json.ts';

/** Something that both a policy of ours and native filters of Envoy do, with the same answers. */
export interface FilterCase {
  /** "jwt-rs256"; also the name of the listener, the route and the policies. */
  readonly id: string;
  /** What it does, for the tables. */
  readonly words: string;
  /** Manifests that make the route `id` do it. */
  readonly manifests: string;
  /** HTTP filters that do it (`HttpConnectionManager.http_filters`), without the router. */
  readonly native: readonly JsonObject[];
  /** Headers of a request that passes. */
  readonly headers: Readonly<Record<string, string>>;
  /** In place of one `authorization` in `headers`: one for each request in turn. */
  readonly tokens?: readonly string[];
  /** A request passes with the cookies that a login leaves behind. */
  readonly logsIn?: boolean;
  /** A request that does not pass, and the status both answer it with. */
  readonly refused?: { readonly headers: Readonly<Record<string, string>>; readonly status: number };
}

/** The reference to a filter's message. */
export function filter(name: string, type: string, config: JsonObject): JsonObject {
  return { name, typed_config: { '@type': `type.googleapis.com/${type}`, ...config } };
}

/** The target of a policy: the route of a case. */
export function targets(id: string): string {
  return `targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${id} }]`;
}
