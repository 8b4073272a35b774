import { isObject } from '#controller/api/compile.ts';

/** What a Lease says (coordination.k8s.io/v1 LeaseSpec). */
export interface LeaseRecord {
  /** The resource version that was read. */
  readonly version: string;
  /** Empty where nobody holds it. */
  readonly holder: string;
  /** Seconds. */
  readonly duration: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
}

/** Reads a Lease as an API server writes it; undefined for what is none. */
export function readLease(body: unknown): LeaseRecord | undefined {
  if (!isObject(body) || !isObject(body['metadata'])) return undefined;
  const spec = isObject(body['spec']) ? body['spec'] : {};
  return {
    version: text(body['metadata']['resourceVersion']),
    holder: text(spec['holderIdentity']),
    duration: number(spec['leaseDurationSeconds']),
    acquireTime: text(spec['acquireTime']),
    renewTime: text(spec['renewTime']),
    transitions: number(spec['leaseTransitions']),
  };
}

/** A Lease as it is to be written; without a version it is a new one. */
export function leaseOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  record: Omit<LeaseRecord, 'version'>,
  version: string | undefined,
): { readonly [field: string]: unknown } {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.duration,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.transitions,
    },
  };
}

/** A time as a Lease has it: RFC 3339 in UTC with microseconds (`metav1.MicroTime`). */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
