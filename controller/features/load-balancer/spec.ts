import type { ConsistentHash, LoadBalancer } from '#controller/api/gen/types.d.ts';
import type { BalancingIr, LoadBalancerIr, UtilizationIr } from '../../ir/cluster-settings.ts';
import type { HashIr } from '../../ir/traffic.ts';
import { parseDuration } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';

/** Translates `loadBalancer` of a policy. */
export function translateLoadBalancer(spec: LoadBalancer, problems: Problems): LoadBalancerIr {
  const sources = spec.endpointOverride?.extractFrom ?? [];
  return {
    algorithm: balancing(spec, problems),
    endpointHeaders: sources.flatMap(({ header }) => (header === undefined ? [] : [header.toLowerCase()])),
  };
}

function balancing(spec: LoadBalancer, problems: Problems): BalancingIr {
  const slowStart = spec.slowStart === undefined ? undefined : parseDuration(spec.slowStart.window);
  switch (spec.type) {
    case 'LeastRequest':
      return { kind: 'leastRequest', slowStart };
    case 'RoundRobin':
      return { kind: 'roundRobin', slowStart };
    case 'Random':
      return { kind: 'random' };
    case 'ConsistentHash': {
      const tableSize = spec.consistentHash?.tableSize ?? 65_537;
      if (!isPrime(tableSize)) {
        problems.add('loadBalancer.consistentHash.tableSize', `found ${tableSize}, accepted is a prime number`);
      }
      return { kind: 'hash', tableSize };
    }
    case 'BackendUtilization':
      return { kind: 'utilization', slowStart, report: utilization(spec) };
    case 'DynamicModule':
      problems.add('loadBalancer.type', 'found DynamicModule, which is not implemented in this version');
      return { kind: 'leastRequest', slowStart: undefined };
    default:
      return spec.type satisfies never;
  }
}

function utilization({ backendUtilization: spec = { keepResponseHeaders: false } }: LoadBalancer): UtilizationIr {
  const period = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text) || undefined);
  const { errorUtilizationPenaltyPercent: penalty, outOfBand } = spec;
  return {
    blackoutPeriod: period(spec.blackoutPeriod),
    weightExpirationPeriod: period(spec.weightExpirationPeriod),
    weightUpdatePeriod: period(spec.weightUpdatePeriod),
    errorPenalty: penalty === undefined ? undefined : penalty / 100,
    metrics: spec.metricNamesForComputingUtilization ?? [],
    keepsHeaders: spec.keepResponseHeaders,
    outOfBand:
      outOfBand === undefined
        ? undefined
        : { period: period(outOfBand.reportingPeriod), port: outOfBand.port, authority: outOfBand.authority },
  };
}

/** Of what a request's hash is made, with type ConsistentHash. */
export function hashesOf({ type, consistentHash }: LoadBalancer): readonly HashIr[] | undefined {
  return type === 'ConsistentHash' && consistentHash !== undefined ? hashes(consistentHash) : undefined;
}

function hashes(spec: ConsistentHash): readonly HashIr[] {
  switch (spec.type) {
    case 'SourceIP':
      return [{ kind: 'sourceIp' }];
    case 'Header':
      return spec.header === undefined ? [] : [{ kind: 'header', name: spec.header.name.toLowerCase() }];
    case 'Headers':
      return (spec.headers ?? []).map(({ name }) => ({ kind: 'header', name: name.toLowerCase() }));
    case 'QueryParams':
      return (spec.queryParams ?? []).map(({ name }) => ({ kind: 'query', name }));
    case 'Cookie': {
      if (spec.cookie === undefined) return [];
      const { name, ttl, attributes = {} } = spec.cookie;
      const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
      return [
        {
          kind: 'cookie',
          name,
          ttl: ttl === undefined ? undefined : parseDuration(ttl),
          attributes: sorted.map(([attribute, value]) => ({ name: attribute, value })),
        },
      ];
    }
    default:
      return spec.type satisfies never;
  }
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return number > 1;
}
