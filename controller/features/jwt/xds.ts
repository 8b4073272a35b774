import { enumMembers } from '#proto/load.ts';
import type { Init } from '../../xds/build/message.ts';

type HeaderValueOption = Init<'envoy.config.core.v3.HeaderValueOption'>;

const { OVERWRITE_IF_EXISTS_OR_ADD } = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');

/** The filter state in which the `policy` module keeps the value of a header, where the route is to write it. A contract. */
const CLAIM = 'wasm.sluice.claim.';

/** What a route changes of requests to have headers filled by claims, of which Envoy then chooses no route anew. */
export function claimHeaders(names: readonly string[]): {
  readonly toAdd: readonly HeaderValueOption[];
  readonly toRemove: readonly string[];
} {
  return {
    // Also where there is no claim nothing stays of what the client has sent.
    toRemove: names,
    toAdd: names.map((key) => ({
      header: { key, value: `%FILTER_STATE(${CLAIM}${key}:PLAIN)%` },
      appendAction: OVERWRITE_IF_EXISTS_OR_ADD,
      keepEmptyValue: false,
    })),
  };
}
