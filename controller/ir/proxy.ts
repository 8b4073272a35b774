import type { EnvoyProxy } from '#controller/api/gen/types.d.ts';
import type { AssignmentIr, ClusterIr } from './cluster.ts';
import type { ListenerIr } from './listener.ts';
import type { ResourcePatchIr } from './patch.ts';
import type { Pieces } from './pieces.ts';
import type { SharedPolicyIr } from './route.ts';
import type { SecretIr } from './secret.ts';
import type { WasmModuleRef } from './wasm-module.ts';

/** Everything one proxy serves: one Gateway, or several merged. */
export interface ProxyIr {
  /** "<namespace>/<gateway>", or the name of the class whose Gateways are merged; the identity of the proxy. */
  readonly key: string;
  readonly listeners: readonly ListenerIr[];
  /** Every cluster that a route names, once, by name. */
  readonly clusters: Pieces<ClusterIr>;
  /** The addresses of each cluster whose addresses are known here, by the cluster's name. */
  readonly endpoints: Pieces<AssignmentIr>;
  /** Every certificate that a listener names, once, by name. */
  readonly secrets: readonly SecretIr[];
  /** The `policy` module this proxy runs; `undefined` while it is not known. */
  readonly policyModule: WasmModuleRef | undefined;
  /** What routes may share, by place; also what no route shares at the moment. */
  readonly shared?: readonly SharedPolicyIr[];
  /** What users do to the resources that come of all this, in order. They apply to the whole of it. */
  readonly patches?: readonly ResourcePatchIr[];
}

/** What has to exist for a proxy to run. */
export interface InfraIr {
  readonly key: string;
  readonly sockets: readonly SocketIr[];
  /** Name of the class of its Gateways. */
  readonly gatewayClass: string;
  /** Whether it serves all Gateways of the class; its key is the name of the class then. */
  readonly merged: boolean;
  /** The Gateways that it serves, older ones first; exactly one unless it is `merged`. */
  readonly gateways: readonly InfraGatewayIr[];
  /** How it runs, as users say it: of the Gateway and its class together; `undefined` where nobody says. */
  readonly parameters: EnvoyProxy | undefined;
}

/** What a Gateway asks of what runs its proxy (Gateway API, `GatewaySpec.infrastructure`, `addresses`, `listeners`). */
export interface InfraGatewayIr {
  readonly namespace: string;
  readonly name: string;
  /** As the API server gave it; from files there is none. */
  readonly uid?: string;
  readonly labels: { readonly [key: string]: string };
  readonly annotations: { readonly [key: string]: string };
  /** IP addresses under which it is to be reached; none where any will do. */
  readonly addresses: readonly string[];
  /** Host names that it asks for, which nobody can give it. */
  readonly hostnames: readonly string[];
  /** The ports of its listeners that are served, as they are written, those of its ListenerSets too; each once. */
  readonly ports: readonly InfraPortIr[];
}

/** A port under which a proxy is to be reached; `SocketIr` has the one that it binds. */
export interface InfraPortIr {
  /** Name of the first listener that has it. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** Protocol of that listener. */
  readonly application: string;
}

/** A socket that a proxy binds. */
export interface SocketIr {
  /** Name of the Listener in xDS. */
  readonly listener: string;
  readonly address: string;
  /** Whether `address`, "::" then, is all IPv4 addresses, too. */
  readonly bothFamilies?: true;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** The policies ("<namespace>/<name>") whose patches made it what it is; absent where only Gateways did. */
  readonly patchedBy?: readonly string[];
}
