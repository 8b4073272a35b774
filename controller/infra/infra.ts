import type { Socket } from 'node:net';
import type { InfraIr } from '../ir/proxy.ts';

/**
 * Where proxies run: what enters is the key of a proxy, what leaves is a proxy that waits for its configuration. Refuses to
 * know what a proxy serves.
 *
 * Held by `contract.ts`: the fake in `testing/`, the processes of this machine in `local/`, the objects of a cluster in
 * `kubernetes/`.
 */
export interface Infra {
  /** Starts the processes of a proxy, or takes over those that an earlier controller left. Rejects where it cannot be tried. `changed` is called whenever what is `deployed` changes. */
  open(key: string, changed?: () => void): Promise<OpenProxy>;
  /** Whether the Envoy of a proxy runs, be it from an earlier controller. */
  isLeft(key: string): boolean;
  /** Ends the proxies of earlier controllers whose keys are none of these, and removes what is left of them. */
  endOthers(serving: ReadonlySet<string>): Promise<void>;
}

/** A proxy before it is served: its socket and its processes, which wait for a configuration. */
export interface OpenProxy {
  readonly socket: ProxySocket;
  /** Says what the proxy needs to run, first of all and whenever that changes; what comes of it is `deployed`. */
  deploy(infra: InfraIr): void;
  /** Where it is reached and how much of it runs; `undefined` where the sockets that it binds are all there is to know. */
  readonly deployed: Deployed | undefined;
  /** Process number of Envoy while it runs. */
  readonly envoyPid: number | undefined;
  /** How often Envoy and the sidecar were started again because they had ended. */
  readonly restarts: { readonly envoy: number; readonly sidecar: number };
  /** Resolves when Envoy accepts connections on so many listeners; to false when `stop` is aborted before. */
  untilListening(listeners: number, stop: AbortSignal): Promise<boolean>;
  /** Drains and ends the processes, and removes the socket. */
  close(): Promise<void>;
}

/** What a proxy is outside of itself. */
export interface Deployed {
  /** Where clients reach it. */
  readonly addresses: readonly ProxyAddress[];
  /** Addresses that Gateways ask for and that its load balancer has not given. */
  readonly unusable?: readonly string[];
  /** How many copies of it can take requests, and how many there are to be. */
  readonly replicas: { readonly available: number; readonly wanted: number };
  /** Why it is not what it is to be, for people; `undefined` where it is. */
  readonly problem: string | undefined;
}

/** An address in the words of the Gateway API (`GatewayStatusAddress`). */
export interface ProxyAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
}

/** The socket of a proxy, bound: whoever can open it is the proxy's Envoy or its sidecar. */
export interface ProxySocket {
  /** Hands over the connections that wait, and each that comes; called once. */
  take(serve: (connection: Socket) => void): void;
  /** Takes no more connections and removes the socket. */
  close(): Promise<void>;
}

/** The gRPC metadata in which the Envoy and the sidecar of a pod each say which pod they are of, in the same words. A contract with the sidecar. */
export const POD_METADATA = 'sluice-pod';
