/**
 * A group of endpoints and how to talk to them.
 *
 * Named for its content, a readable back-end and a short hash of its settings, and shared by every route that needs the
 * same: no index of a rule is in it, so that reordering rules changes no cluster.
 */
export interface ClusterIr {
  readonly name: string;
  readonly protocol: 'http1' | 'http2';
  readonly endpoints: EndpointsIr;
}

/** Where the endpoints come from. */
export type EndpointsIr =
  /** Addresses that are known here, served by EDS: a change of them changes no cluster. */
  | { readonly kind: 'known'; readonly addresses: readonly AddressIr[] }
  /** Host names that Envoy resolves. */
  | { readonly kind: 'dns'; readonly hosts: readonly { readonly hostname: string; readonly port: number }[] };

/** One endpoint. */
export type AddressIr =
  | { readonly kind: 'ip'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };
