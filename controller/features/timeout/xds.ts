import type { RouteTimeoutsIr } from '../../ir/traffic.ts';
import { duration, type Init } from '../../xds/build/message.ts';

/** How long a stream may be idle when its request may take longer than that, or for ever; milliseconds. */
const IDLE = 3_600_000;

/** Timeouts of a route (envoy.config.route.v3.RouteAction). */
export function routeTimeouts({
  request,
  streamIdle,
  maxStream,
}: RouteTimeoutsIr): Pick<Init<'envoy.config.route.v3.RouteAction'>, 'timeout' | 'idleTimeout' | 'maxStreamDuration'> {
  const idle = streamIdle ?? idleFor(request);
  return {
    ...(request === undefined ? {} : { timeout: duration(request) }),
    ...(idle === undefined ? {} : { idleTimeout: duration(idle) }),
    ...(maxStream === undefined ? {} : { maxStreamDuration: { maxStreamDuration: duration(maxStream) } }),
  };
}

/** Envoy's own idle timeout of five minutes must not end a request that may take longer. */
function idleFor(request: number | undefined): number | undefined {
  if (request === undefined) return undefined;
  return request === 0 ? 0 : Math.max(IDLE, request);
}
