import type { ClientValidationIr } from './client-validation.ts';
import type { Http2Ir, TcpKeepaliveIr } from './cluster-settings.ts';
import type { TextComparisonIr } from './text-comparison.ts';
import type { HeaderIr } from './route.ts';
import type { TlsParametersIr } from './upstream-tls.ts';

/** How clients of a listener are talked to. Times are milliseconds, sizes bytes; what is not there is our default. */
export interface ClientTrafficIr {
  readonly socket: ClientSocketIr;
  readonly http: ClientHttpIr;
  readonly tls: ClientTlsIr;
  readonly stream: ClientStreamIr;
}

/** What concerns connections that are passed on as they are. */
export interface ClientStreamIr {
  /** Until a connection is closed on which nothing comes, either way; 0 for never. */
  readonly idleTimeout?: number | undefined;
}

/** What concerns the socket: all listeners of a port share it. */
export interface ClientSocketIr {
  readonly tcpKeepalive?: TcpKeepaliveIr | undefined;
  /** Envoy's buffers of a connection. */
  readonly bufferLimit?: number | undefined;
  /** The kernel's buffers of a connection, each way. */
  readonly socketBufferLimit?: number | undefined;
  readonly maxAcceptPerEvent?: number | undefined;
  /** The PROXY protocol that tells the client's address; `optional` takes connections without it, too. */
  readonly proxyProtocol?: { readonly optional: boolean } | undefined;
  /** Until a connection is closed that does not say which chain is for it. */
  readonly inspectionTimeout?: number | undefined;
}

/** What concerns connections of a chain whose requests are routed. */
export interface ClientHttpIr {
  readonly connectionLimit?: { readonly most: number; readonly closeDelay: number | undefined } | undefined;
  readonly maxConnectionDuration?: number | undefined;
  readonly maxRequestsPerConnection?: number | undefined;
  readonly maxStreamDuration?: number | undefined;
  readonly clientAddress?: ClientAddressIr | undefined;
  readonly requestTimeout?: number | undefined;
  readonly requestHeadersTimeout?: number | undefined;
  readonly idleTimeout?: number | undefined;
  readonly streamIdleTimeout?: number | undefined;
  readonly escapedSlashes?: 'keep' | 'reject' | 'unescapeAndForward' | 'unescapeAndRedirect' | undefined;
  readonly keepsSlashes?: true | undefined;
  readonly underscores?: 'allow' | 'reject' | 'drop' | undefined;
  readonly requestId?: 'preserveOrGenerate' | 'preserve' | 'generate' | 'disable' | undefined;
  readonly forwardedCertificate?: ForwardedCertificateIr | undefined;
  /** Before a route is looked for. */
  readonly earlyRequestHeaders?: HeaderMutationIr | undefined;
  /** Of whatever answers, after all else. */
  readonly lateResponseHeaders?: HeaderMutationIr | undefined;
  /** Whether Envoy says what it knows of a request in headers of its own (x-envoy-...), to back-ends and clients. */
  readonly tellsEnvoyHeaders?: true | undefined;
  /** Whether clients are told of rate limits by none but those limits that say so themselves. */
  readonly hidesRateLimits?: true | undefined;
  readonly http1?: ClientHttp1Ir | undefined;
  readonly http2?: Http2Ir | undefined;
  /** The path that is answered with 200 by the proxy itself. */
  readonly healthCheckPath?: string | undefined;
  /** Whether the scheme is that of the connection to the back-end. */
  readonly schemeOfBackend?: true | undefined;
}

/** Where the client's address comes from, when it is not simply who connects. */
export type ClientAddressIr =
  /** Trusted proxies before this one; `appends` says whether this one adds itself to x-forwarded-for. */
  | { readonly kind: 'hops'; readonly hops: number; readonly appends: boolean }
  | { readonly kind: 'networks'; readonly networks: readonly NetworkIr[]; readonly appends: boolean }
  | { readonly kind: 'header'; readonly name: string; readonly failClosed: boolean }
  | { readonly kind: 'direct' };

/** A block of addresses. */
export interface NetworkIr {
  readonly address: string;
  readonly prefixLength: number;
}

/** What of a client's certificate goes on in x-forwarded-client-cert. */
export interface ForwardedCertificateIr {
  readonly mode: 'sanitize' | 'forwardOnly' | 'appendForward' | 'sanitizeSet' | 'alwaysForwardOnly';
  readonly details: readonly ('subject' | 'cert' | 'chain' | 'dns' | 'uri')[];
}

/** Changes of headers, in this order. */
export interface HeaderMutationIr {
  readonly set: readonly HeaderIr[];
  readonly add: readonly HeaderIr[];
  readonly addIfAbsent: readonly HeaderIr[];
  readonly remove: readonly string[];
  readonly removeMatching: readonly TextComparisonIr[];
}

/** HTTP/1. */
export interface ClientHttp1Ir {
  readonly trailers: boolean;
  readonly preservesCase: boolean;
  /** Whether HTTP/1.0 is spoken, and with which host where a request has none. */
  readonly http10: { readonly usesDefaultHost: boolean } | undefined;
  readonly ignoredUpgrades: readonly TextComparisonIr[];
}

/** What concerns TLS of a listener. */
export interface ClientTlsIr {
  readonly parameters?: TlsParametersIr | undefined;
  readonly clients?: ClientValidationIr | undefined;
  readonly handshakeTimeout?: number | undefined;
  /** Which ways to resume a session are open. */
  readonly resumption?: { readonly stateless: boolean; readonly stateful: boolean } | undefined;
  readonly fingerprints?: readonly ('JA3' | 'JA4')[] | undefined;
}
