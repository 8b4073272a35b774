import type { FaultInjection } from '#controller/api/gen/types.d.ts';
import type { FaultIr } from '../../ir/traffic.ts';
import { parseDuration } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

/** Translates `faultInjection` of a policy. */
export function translateFault({ delay, abort }: FaultInjection, problems: Problems): FaultIr {
  const milliseconds = delay === undefined ? undefined : parseDuration(delay.fixedDelay);
  if (milliseconds === 0) problems.add('faultInjection.delay.fixedDelay', 'found 0s, accepted is more than that');
  problems.within(abort?.httpStatus, 'faultInjection.abort.httpStatus', 200, 599);
  return {
    delay:
      delay === undefined || milliseconds === undefined ? undefined : { percentage: delay.percentage, milliseconds },
    abort:
      abort === undefined
        ? undefined
        : { percentage: abort.percentage, httpStatus: abort.httpStatus, grpcStatus: abort.grpcStatus },
  };
}
