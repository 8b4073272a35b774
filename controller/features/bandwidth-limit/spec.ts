import type { BandwidthLimitSpec, BandwidthLimitValue } from '#controller/api/gen/types.d.ts';
import type { BandwidthIr } from '../../ir/traffic.ts';
import type { Problems } from '../../resources/problems.ts';
import { parseQuantity } from '../../resources/quantity.ts';

/** Translates `bandwidthLimit` of a policy. */
export function translateBandwidth({ request, response }: BandwidthLimitSpec, problems: Problems): BandwidthIr {
  const trailers = response?.responseTrailers;
  return {
    request: request === undefined ? undefined : kibibytes(request.limit, 'request', problems),
    response: response === undefined ? undefined : kibibytes(response.limit, 'response', problems),
    trailerPrefix: trailers === undefined ? undefined : (trailers.prefix ?? ''),
  };
}

const SECONDS = { Second: 1, Minute: 60, Hour: 3600 } as const;

/** More than any network carries, and far less than Envoy's field holds (`limit_kbps`). */
const MOST = 2 ** 32;

function kibibytes({ value, unit }: BandwidthLimitValue, side: string, problems: Problems): number {
  const found = Math.floor(parseQuantity(value) / (SECONDS[unit] * 1024));
  if (found < 1 || found > MOST) {
    const field = `bandwidthLimit.${side}.limit`;
    problems.add(field, `found ${value} per ${unit}, accepted is 1Ki to 4Ti per Second`);
  }
  return found;
}
