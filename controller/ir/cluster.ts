import type { ClusterSettingsIr } from './cluster-settings.ts';
import type { UpstreamTlsIr } from './upstream-tls.ts';

/**
 * A group of endpoints and how to talk to them.
 *
 * Named for its content, a readable back-end and a short hash of its settings, and shared by every route that needs the
 * same: no index of a rule is in it, so that reordering rules changes no cluster. Addresses are not part of it: they
 * change without a route or a cluster changing.
 */
export interface ClusterIr {
  readonly name: string;
  /** `negotiated` is for TLS: the two sides agree (ALPN). `tcp` and `udp` are where what is spoken is nobody's business. */
  readonly protocol: 'http1' | 'http2' | 'negotiated' | 'tcp' | 'udp';
  readonly source: EndpointSourceIr;
  /** What a policy says of how it is talked to. */
  readonly settings?: ClusterSettingsIr;
  /** Without it the back-end is spoken to in the clear. */
  readonly tls?: UpstreamTlsIr;
}

/** Where the endpoints of a cluster come from. */
export type EndpointSourceIr =
  /** The ready endpoints behind a port of a Service. */
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
    }
  /** The same of a ServiceImport: endpoints in other clusters. */
  | {
      readonly kind: 'service-import';
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
    }
  /** Addresses that stand in a Backend. */
  | { readonly kind: 'addresses'; readonly addresses: readonly AddressIr[] }
  /** Host names that Envoy resolves. */
  | { readonly kind: 'dns'; readonly hosts: readonly { readonly hostname: string; readonly port: number }[] }
  /** Several back-ends as one. */
  | { readonly kind: 'several'; readonly parts: readonly PartIr[] };

/** One of several back-ends that are talked to as one cluster. */
export interface PartIr {
  readonly cluster: ClusterIr;
  /** Its share of the requests, relative to the sum; not 0. */
  readonly weight: number;
  /** Whether it is asked only while none of the others can be. */
  readonly fallback: boolean;
}

/** The addresses of a cluster. */
export interface AssignmentIr {
  /** Name of the cluster. */
  readonly cluster: string;
  readonly addresses: readonly AddressIr[];
  /** The same by whose they are, where the cluster is several back-ends. */
  readonly shares?: readonly ShareIr[];
  /** The port that probes go to, where it is not that of the address. */
  readonly probedPort?: number | undefined;
}

/** The addresses of one of several back-ends. */
export interface ShareIr extends Pick<PartIr, 'weight' | 'fallback'> {
  readonly addresses: readonly AddressIr[];
}

/** One endpoint. */
export type AddressIr =
  | { readonly kind: 'ip'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };
