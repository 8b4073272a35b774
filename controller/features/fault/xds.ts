import { enumMembers } from '#proto/load.ts';
import type { FaultIr } from '../../ir/traffic.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

const HTTP_FAULT = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** Envoy's fault filter, before everything else: a request that is to fail costs nobody anything. */
export const faultFilter: NativeFilter = {
  name: 'envoy.filters.http.fault',
  config: () => any(HTTP_FAULT, {}),
  perRoute: ({ fault }) => (fault === undefined ? undefined : any(HTTP_FAULT, httpFault(fault))),
};

function httpFault({ delay, abort }: FaultIr): Init<typeof HTTP_FAULT> {
  return {
    ...(delay === undefined
      ? {}
      : {
          delay: {
            faultDelaySecifier: { case: 'fixedDelay', value: duration(delay.milliseconds) },
            percentage: percentage(delay.percentage),
          },
        }),
    ...(abort === undefined
      ? {}
      : {
          abort: {
            errorType:
              abort.grpcStatus === undefined
                ? { case: 'httpStatus', value: abort.httpStatus ?? 500 }
                : { case: 'grpcStatus', value: abort.grpcStatus },
            percentage: percentage(abort.percentage),
          },
        }),
  };
}

const { MILLION } = enumMembers('envoy.type.v3.FractionalPercent.DenominatorType');

function percentage(percent: number): Init<'envoy.type.v3.FractionalPercent'> {
  return { numerator: Math.round(percent * 10_000), denominator: MILLION };
}
