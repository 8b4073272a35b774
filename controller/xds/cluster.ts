import { circuitBreakers } from '../features/circuit-breaker/xds.ts';
import { connectionSettings, httpProtocolOptions, transportSocket } from '../features/connection/xds.ts';
import { activeHealthCheck, outlierDetection } from '../features/health-check/xds.ts';
import { loadBalancingPolicy } from '../features/load-balancer/xds.ts';
import type { ClusterIr } from '../ir/cluster.ts';
import type { ClusterSettingsIr } from '../ir/cluster-settings.ts';
import { cluster } from './build/cluster.ts';
import { upstreamTls } from './build/tls.ts';
import type { Init } from './build/message.ts';

type Cluster = Init<'envoy.config.cluster.v3.Cluster'>;

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The Envoy cluster of a back-end, talked to as a policy says. */
export function policyCluster(ir: ClusterIr): Cluster {
  const options = httpProtocolOptions(ir);
  const socket = transportSocket(ir.settings?.proxyProtocol, ir.tls === undefined ? undefined : upstreamTls(ir.tls));
  return {
    ...cluster(ir),
    ...(options === undefined ? {} : { typedExtensionProtocolOptions: { [HTTP_PROTOCOL_OPTIONS]: options } }),
    ...(ir.settings === undefined ? {} : settingsOf(ir.settings)),
    ...(socket === undefined ? {} : { transportSocket: socket }),
  };
}

function settingsOf(ir: ClusterSettingsIr): Cluster {
  const { loadBalancer, circuitBreaker, healthCheck } = ir;
  const { active, passive, panicThreshold } = healthCheck ?? {};
  return {
    ...connectionSettings(ir),
    ...(loadBalancer === undefined ? {} : { loadBalancingPolicy: loadBalancingPolicy(loadBalancer) }),
    ...(circuitBreaker === undefined ? {} : { circuitBreakers: circuitBreakers(circuitBreaker) }),
    ...(active === undefined ? {} : { healthChecks: [activeHealthCheck(active)] }),
    ...(passive === undefined ? {} : { outlierDetection: outlierDetection(passive) }),
    ...(panicThreshold === undefined ? {} : { commonLbConfig: { healthyPanicThreshold: { value: panicThreshold } } }),
  };
}
