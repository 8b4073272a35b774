import type { XdsResource } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';

/** A resource that a client rejected, in the version that it was sent. */
export interface Rejection extends Pick<XdsResource, 'name' | 'version'> {
  readonly type: XdsType;
  /** Envoy's words. */
  readonly message: string;
}

/** A resource whose version a client does not take. */
export type RefusedResource = Pick<Rejection, 'type' | 'name'>;
