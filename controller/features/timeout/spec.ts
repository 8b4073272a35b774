import type { Timeout } from '#controller/api/gen/types.d.ts';
import type { ClusterSettingsIr } from '../../ir/cluster-settings.ts';
import type { RouteTimeoutsIr } from '../../ir/traffic.ts';
import { milliseconds } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

type ConnectionTimeouts = Pick<ClusterSettingsIr, 'connectTimeout' | 'connectionIdleTimeout' | 'maxConnectionDuration'>;

/** Translates what `timeout` of a policy says of connections to a back-end. */
export function translateConnectionTimeouts({ tcp, http }: Timeout, problems: Problems): ConnectionTimeouts {
  const connectTimeout = milliseconds(tcp?.connectTimeout);
  if (connectTimeout === 0) problems.add('timeout.tcp.connectTimeout', 'found 0s, accepted is more than that');
  return {
    connectTimeout,
    connectionIdleTimeout: milliseconds(http?.connectionIdleTimeout),
    maxConnectionDuration: milliseconds(http?.maxConnectionDuration),
  };
}

/** Translates what `timeout` of a policy says of requests. */
export function translateRouteTimeouts({ http }: Timeout): RouteTimeoutsIr {
  return {
    request: milliseconds(http?.requestTimeout),
    streamIdle: milliseconds(http?.streamIdleTimeout),
    maxStream: milliseconds(http?.maxStreamDuration),
  };
}
