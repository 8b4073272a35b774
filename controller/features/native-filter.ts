import type { Any } from '@bufbuild/protobuf/wkt';
import type { CredentialIr } from '../ir/credential.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';

/**
 * An HTTP filter of Envoy's own that serves a feature. It is in every chain, off, so that no listener drains when the first
 * policy needs it; routes turn it on with what they say to it.
 */
export interface NativeFilter {
  readonly name: string;
  /** The configuration of the filter where no route says anything. */
  readonly config: () => Any;
  /**
   * What a route with these features says to the filter, `undefined` when it does not need it. `credentials` are those that the
   * route or its back-ends put into requests.
   */
  readonly perRoute: (features: RouteFeaturesIr, credentials?: readonly CredentialIr[]) => Any | undefined;
}
