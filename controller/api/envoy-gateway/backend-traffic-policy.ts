import { policyStatus } from '../gateway-api/status.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, duration, integer, named, number, oneOf, required, string, withDefault } from '../schema.ts';
import { byteSize, clusterSettingsFields, clusterSettingsRules } from './cluster-settings.ts';
import { compression } from './compression.ts';
import { percent } from './numbers.ts';
import { mergeType, policyTargetFields, policyTargetRules } from './policy-targets.ts';
import { rateLimit } from './rate-limit.ts';
import { responseOverride } from './response-override.ts';
import { tracingFields } from './tracing.ts';

const bandwidth = required(
  named('BandwidthLimitValue', { value: required(byteSize), unit: required(oneOf(['Second', 'Minute', 'Hour'])) }),
);

const bandwidthLimit = named(
  'BandwidthLimitSpec',
  {
    request: named('BandwidthLimitRequestConfig', { limit: bandwidth }),
    response: named('BandwidthLimitResponseConfig', {
      limit: bandwidth,
      responseTrailers: named('BandwidthLimitResponseTrailers', { prefix: string({ pattern: '^[^\\r\\n\\x00]*$' }) }),
    }),
  },
  { rules: [{ rule: 'has(self.request) || has(self.response)', message: 'must have request, response or both' }] },
);

const share = withDefault(number({ minimum: 0, maximum: 100 }), 100);

const faultInjection = named(
  'FaultInjection',
  {
    delay: named('FaultInjectionDelay', { fixedDelay: required(duration()), percentage: share }),
    abort: named(
      'FaultInjectionAbort',
      {
        httpStatus: integer({ minimum: 200, maximum: 600 }),
        grpcStatus: integer({ minimum: 0, maximum: 16 }),
        percentage: share,
      },
      {
        rules: [
          {
            rule: 'has(self.httpStatus) != has(self.grpcStatus)',
            message: 'must have exactly one of httpStatus and grpcStatus',
          },
        ],
      },
    ),
  },
  { rules: [{ rule: 'has(self.delay) || has(self.abort)', message: 'must have delay, abort or both' }] },
);

const grpcStatuses = [
  'Ok',
  'Cancelled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

const admissionControl = named('AdmissionControl', {
  samplingWindow: duration({
    rules: [{ rule: "duration(self) >= duration('1s')", message: 'must be at least 1s' }],
  }),
  minSuccessRate: integer({ minimum: 1, maximum: 100 }),
  rejectionAggression: integer({ minimum: 1 }),
  minRequestRate: integer({ minimum: 0 }),
  maxRejectionPercent: percent,
  successCriteria: named('AdmissionControlSuccessCriteria', {
    http: named('HTTPSuccessCriteria', { statusCodes: array(integer({ minimum: 100, maximum: 599 })) }),
    grpc: named('GRPCSuccessCriteria', { statusCodes: array(oneOf(grpcStatuses)) }),
  }),
});

const routeKinds = ['HTTPRoute', 'GRPCRoute', 'UDPRoute', 'TCPRoute', 'TLSRoute'];

const admissionKinds = "['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute']";

const spec = named(
  'BackendTrafficPolicySpec',
  {
    ...policyTargetFields,
    mergeType,
    ...clusterSettingsFields,
    rateLimit,
    bandwidthLimit,
    faultInjection,
    admissionControl,
    useClientProtocol: boolean(),
    compression: { ...array(compression), deprecated: 'Use compressor.' },
    compressor: array(compression),
    responseOverride: array(responseOverride),
    httpUpgrade: array(
      named(
        'ProtocolUpgradeConfig',
        { type: required(string()), connect: named('ConnectConfig', { terminate: boolean() }) },
        {
          rules: [
            {
              rule: "!has(self.connect) || self.type == 'CONNECT'",
              message: 'must be absent unless type is CONNECT',
              fieldPath: ['connect'],
            },
          ],
        },
      ),
    ),
    requestBuffer: named('RequestBuffer', { limit: required(byteSize) }),
    telemetry: named('BackendTelemetry', {
      tracing: named('Tracing', tracingFields),
      metrics: named('BackendMetrics', { routeStatName: string() }),
    }),
    routingType: oneOf(['Service', 'Endpoint']),
  },
  {
    rules: [
      ...policyTargetRules(['Gateway', 'ListenerSet', ...routeKinds], routeKinds),
      ...clusterSettingsRules,
      {
        rule: '!has(self.compression) || !has(self.compressor)',
        message: 'must have compressor or the older compression, not both',
      },
      {
        rule: '!has(self.requestBuffer) || !has(self.httpUpgrade) || size(self.httpUpgrade) == 0',
        message: 'must be absent when httpUpgrade has an entry',
        fieldPath: ['requestBuffer'],
      },
      {
        rule:
          `!has(self.admissionControl) || ((!has(self.targetRef) || self.targetRef.kind in ${admissionKinds}) && ` +
          `(!has(self.targetRefs) || self.targetRefs.all(ref, ref.kind in ${admissionKinds})) && ` +
          `(!has(self.targetSelectors) || self.targetSelectors.all(selector, selector.kind in ${admissionKinds})))`,
        message: 'must be absent unless every target is a Gateway, ListenerSet, HTTPRoute or GRPCRoute',
        fieldPath: ['admissionControl'],
      },
    ],
  },
);

/** BackendTrafficPolicy: how the proxy talks to back-ends. */
export const backendTrafficPolicy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'BackendTrafficPolicy',
  plural: 'backendtrafficpolicies',
  shortNames: ['btp'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec), status: policyStatus },
});
