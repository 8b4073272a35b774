import {
  array,
  boolean,
  duration,
  integer,
  json,
  map,
  named,
  oneOf,
  required,
  string,
  withDefault,
} from '../schema.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { percent } from './numbers.ts';

const headerByName = named('HeaderByName', { name: required(string()) });

const consistentHashMembers = {
  Header: 'header',
  Headers: 'headers',
  Cookie: 'cookie',
  QueryParams: 'queryParams',
};

const consistentHash = named(
  'ConsistentHash',
  {
    type: required(oneOf(['SourceIP', ...Object.keys(consistentHashMembers)])),
    header: headerByName,
    headers: array(headerByName),
    cookie: named('HashCookie', { name: required(string()), ttl: duration(), attributes: map(string()) }),
    queryParams: array(named('QueryParamByName', { name: required(string()) })),
    // Maglev's table; Envoy's bound (envoy.extensions.load_balancing_policies.maglev.v3.Maglev.table_size).
    tableSize: withDefault(integer({ minimum: 2, maximum: 5_000_011 }), 65_537),
  },
  { rules: memberRules(consistentHashMembers) },
);

const backendUtilization = named('BackendUtilization', {
  blackoutPeriod: duration(),
  weightExpirationPeriod: duration(),
  weightUpdatePeriod: duration(),
  errorUtilizationPenaltyPercent: integer({ minimum: 0, description: 'Hundredths of a percent: 100 is 1%.' }),
  metricNamesForComputingUtilization: array(string()),
  keepResponseHeaders: withDefault(boolean(), false),
  outOfBand: named('OutOfBandLoadReporting', {
    authority: string({ minLength: 1, maxLength: 259, pattern: '^[^\\x00\\n\\r]*$' }),
    port: integer({ minimum: 1, maximum: 65_535 }),
    reportingPeriod: duration({
      rules: [{ rule: "duration(self) > duration('0s')", message: 'must be longer than 0s' }],
    }),
  }),
});

const zoneAware = named(
  'ZoneAware',
  {
    preferLocal: named('PreferLocalZone', {
      force: named('ForceLocalZone', { minEndpointsInZoneThreshold: integer() }),
      minEndpointsThreshold: integer(),
      percentageEnabled: percent,
    }),
    weightedZones: array(named('WeightedZone', { zone: required(string()), weight: required(integer()) }), {
      mapKeys: ['zone'],
    }),
  },
  {
    rules: [
      {
        rule: '!has(self.preferLocal) || !has(self.weightedZones)',
        message: 'must have preferLocal or weightedZones, not both',
      },
    ],
  },
);

/** How requests are spread over the endpoints of a back-end. */
export const loadBalancer = named(
  'LoadBalancer',
  {
    type: required(
      oneOf(['ConsistentHash', 'LeastRequest', 'Random', 'RoundRobin', 'BackendUtilization', 'DynamicModule']),
    ),
    consistentHash,
    backendUtilization,
    endpointOverride: named('EndpointOverride', {
      extractFrom: required(
        array(named('EndpointOverrideSource', { header: string() }), { minItems: 1, maxItems: 10 }),
      ),
    }),
    slowStart: named('SlowStart', { window: required(duration()) }),
    zoneAware,
    dynamicModule: named('DynamicModuleLoadBalancer', {
      name: required(string({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$' })),
      lbPolicyName: required(string({ minLength: 1, maxLength: 253 })),
      config: json(),
    }),
  },
  {
    rules: [
      ...memberRules({
        ConsistentHash: 'consistentHash',
        BackendUtilization: 'backendUtilization',
        DynamicModule: 'dynamicModule',
      }),
      {
        rule: "!(self.type in ['Random', 'ConsistentHash', 'DynamicModule']) || !has(self.slowStart)",
        message: 'must be absent with type Random, ConsistentHash or DynamicModule',
        fieldPath: ['slowStart'],
      },
      {
        rule: "!(self.type in ['ConsistentHash', 'BackendUtilization']) || !has(self.zoneAware) || !has(self.zoneAware.preferLocal)",
        message: 'must not have preferLocal with type ConsistentHash or BackendUtilization',
        fieldPath: ['zoneAware'],
      },
      {
        rule: "self.type != 'DynamicModule' || (!has(self.zoneAware) && !has(self.endpointOverride))",
        message: 'must have neither zoneAware nor endpointOverride with type DynamicModule',
      },
    ],
  },
);
