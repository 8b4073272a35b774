import type { Any } from '@bufbuild/protobuf/wkt';
import type { BalancingIr, LoadBalancerIr, UtilizationIr } from '../../ir/cluster-settings.ts';
import type { HashIr } from '../../ir/traffic.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type Policy = Init<'envoy.config.cluster.v3.LoadBalancingPolicy'>;

/** Envoy's load balancing policy (envoy.config.cluster.v3.LoadBalancingPolicy). */
export function loadBalancingPolicy({ algorithm, endpointHeaders }: LoadBalancerIr): Policy {
  const own = policyOf(algorithm);
  if (endpointHeaders.length === 0) return own;
  return policy(
    'override_host',
    any('envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost', {
      overrideHostSources: endpointHeaders.map((header) => ({ header })),
      fallbackPolicy: own,
    }),
  );
}

function policy(name: string, typedConfig: Any): Policy {
  return { policies: [{ typedExtensionConfig: { name: `envoy.load_balancing_policies.${name}`, typedConfig } }] };
}

function policyOf(ir: BalancingIr): Policy {
  switch (ir.kind) {
    case 'leastRequest': {
      const type = 'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest';
      return policy('least_request', any(type, slowStart(ir.slowStart)));
    }
    case 'roundRobin': {
      const type = 'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin';
      return policy('round_robin', any(type, slowStart(ir.slowStart)));
    }
    case 'random':
      return policy('random', any('envoy.extensions.load_balancing_policies.random.v3.Random', {}));
    case 'hash': {
      const tableSize = BigInt(ir.tableSize);
      return policy('maglev', any('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', { tableSize }));
    }
    case 'utilization':
      return policy('client_side_weighted_round_robin', weightedByUtilization(ir.slowStart, ir.report));
    default:
      return ir satisfies never;
  }
}

function slowStart(
  window: number | undefined,
): Pick<Init<'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin'>, 'slowStartConfig'> {
  return window === undefined ? {} : { slowStartConfig: { slowStartWindow: duration(window) } };
}

function weightedByUtilization(window: number | undefined, ir: UtilizationIr): Any {
  const { blackoutPeriod, weightExpirationPeriod, weightUpdatePeriod, errorPenalty, outOfBand } = ir;
  return any(
    'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin',
    {
      ...slowStart(window),
      ...(blackoutPeriod === undefined ? {} : { blackoutPeriod: duration(blackoutPeriod) }),
      ...(weightExpirationPeriod === undefined ? {} : { weightExpirationPeriod: duration(weightExpirationPeriod) }),
      ...(weightUpdatePeriod === undefined ? {} : { weightUpdatePeriod: duration(weightUpdatePeriod) }),
      ...(errorPenalty === undefined ? {} : { errorUtilizationPenalty: errorPenalty }),
      metricNamesForComputingUtilization: [...ir.metrics],
      ...(outOfBand === undefined
        ? {}
        : {
            enableOobLoadReport: true,
            ...(outOfBand.period === undefined ? {} : { oobReportingPeriod: duration(outOfBand.period) }),
            ...(outOfBand.port === undefined && outOfBand.authority === undefined
              ? {}
              : { oobReportingConfig: { portValue: outOfBand.port ?? 0, authority: outOfBand.authority ?? '' } }),
          }),
    },
  );
}

/** What the hash of a request is made of (`RouteAction.hash_policy`). */
export function hashPolicy(ir: HashIr): Init<'envoy.config.route.v3.RouteAction.HashPolicy'> {
  switch (ir.kind) {
    case 'sourceIp':
      return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } } };
    case 'header':
      return { policySpecifier: { case: 'header', value: { headerName: ir.name } } };
    case 'query':
      return { policySpecifier: { case: 'queryParameter', value: { name: ir.name } } };
    case 'cookie': {
      const ttl = ir.ttl === undefined ? {} : { ttl: duration(ir.ttl) };
      const attributes = ir.attributes.map(({ name, value }) => ({ name, value }));
      return { policySpecifier: { case: 'cookie', value: { name: ir.name, ...ttl, attributes } } };
    }
    default:
      return ir satisfies never;
  }
}
