import { any } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

/** Envoy's buffer filter: a request goes on only once it is whole, and is 413 when it is larger than that. */
export const bufferFilter: NativeFilter = {
  name: 'envoy.filters.http.buffer',
  // Off wherever no route says how much; Envoy wants a number all the same.
  config: () => any('envoy.extensions.filters.http.buffer.v3.Buffer', { maxRequestBytes: 1 }),
  perRoute: ({ requestBuffer }) =>
    requestBuffer === undefined
      ? undefined
      : any('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', {
          override: { case: 'buffer', value: { maxRequestBytes: requestBuffer } },
        }),
};
