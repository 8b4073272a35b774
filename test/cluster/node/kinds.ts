import { at } from './value-at.ts';

/** What a node reads of the objects of a cluster: no more of them than it acts on (Kubernetes API, core/v1 and discovery/v1). */

/** Metadata of any object. */
export interface Meta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
}

/** A Pod. */
export interface Pod {
  readonly metadata: Meta;
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    /** Whether containers that end are started again: `Always` (where absent), `OnFailure`, `Never`. */
    readonly restartPolicy?: string;
    readonly securityContext?: SecurityContext;
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

/** The users that the processes of a pod or container run as, and what they may do. */
export interface SecurityContext {
  /** Of a container: only its volumes can be written to. */
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  /** Of a pod: further groups of its users. */
  readonly supplementalGroups?: readonly number[];
  /** Of a pod: a further group of its users, whose the volumes are. */
  readonly fsGroup?: number;
}

/** A container of a Pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly securityContext?: SecurityContext;
  /** Of an init container: `Always` makes it a sidecar. */
  readonly restartPolicy?: string;
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: Handler };
}

/** A variable of a container's environment. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: KeyRef;
    readonly configMapKeyRef?: KeyRef;
  };
}

/** A key of a Secret or ConfigMap. */
export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

/** Where a container has a volume. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

/** Which keys become which files. */
export type Items = readonly { readonly key: string; readonly path: string; readonly mode?: number }[];

/** Where the files of a volume come from. */
export interface VolumeSource {
  readonly secret?: {
    readonly secretName?: string;
    readonly name?: string;
    readonly items?: Items;
    readonly optional?: boolean;
    readonly defaultMode?: number;
  };
  readonly configMap?: {
    readonly name: string;
    readonly items?: Items;
    readonly optional?: boolean;
    readonly defaultMode?: number;
  };
  readonly serviceAccountToken?: {
    readonly path: string;
    readonly audience?: string;
    readonly expirationSeconds?: number;
  };
  readonly downwardAPI?: {
    readonly defaultMode?: number;
    readonly items?: readonly { readonly path: string; readonly fieldRef?: { readonly fieldPath: string } }[];
  };
  readonly projected?: { readonly sources?: readonly VolumeSource[]; readonly defaultMode?: number };
  readonly emptyDir?: object;
}

/** A volume of a Pod. */
export interface Volume extends VolumeSource {
  readonly name: string;
}

/** What a probe or hook does. */
export interface Handler {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number | string;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number | string };
  readonly exec?: { readonly command?: readonly string[] };
  readonly sleep?: { readonly seconds: number };
}

/** A probe of a container. */
export interface Probe extends Handler {
  readonly periodSeconds?: number;
  readonly initialDelaySeconds?: number;
  readonly failureThreshold?: number;
}

/** A Service. */
export interface Service {
  readonly metadata: Meta;
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalIPs?: readonly string[];
    readonly loadBalancerIP?: string;
    /** `ClientIP`: a client is led to the same endpoint each time. */
    readonly sessionAffinity?: string;
    readonly ports?: readonly ServicePort[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** A port of a Service. */
export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly nodePort?: number;
}

/** Where a Service leads; the lists are null for none. */
export interface EndpointSlice {
  readonly metadata: Meta;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly EndpointPort[] | null;
}

/** One endpoint of a slice. */
export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
}

/** A port of every endpoint of a slice. */
export interface EndpointPort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port?: number;
}

/** Whether an object is a Pod: what a node acts on is there. */
export function isPod(value: unknown): value is Pod {
  return typeof at(value, 'metadata', 'uid') === 'string' && Array.isArray(at(value, 'spec', 'containers'));
}

/** Whether an object is a Service. */
export function isService(value: unknown): value is Service {
  return typeof at(value, 'metadata', 'uid') === 'string' && typeof at(value, 'spec') === 'object';
}

/** Whether an object is an EndpointSlice. */
export function isEndpointSlice(value: unknown): value is EndpointSlice {
  return typeof at(value, 'metadata', 'uid') === 'string' && typeof at(value, 'addressType') === 'string';
}

/** The label by which a slice says which Service it is of. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
