import { policyStatus } from '../gateway-api/status.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, duration, integer, named, object, oneOf, required, string, withDefault } from '../schema.ts';
import { clientHeaders } from './client-headers.ts';
import { clientTls } from './client-tls.ts';
import { byteSize, http2Settings, tcpKeepalive } from './cluster-settings.ts';
import { policyTargetFields, policyTargetRules } from './policy-targets.ts';
import { stringMatch } from './string-match.ts';

const clientIpDetection = named(
  'ClientIPDetectionSettings',
  {
    xForwardedFor: named(
      'XForwardedForSettings',
      {
        numTrustedHops: integer({ minimum: 0 }),
        trustedCIDRs: array(string({ format: 'cidr' }), { minItems: 1 }),
        disableXForwardedForAppend: boolean(),
      },
      {
        rules: [
          {
            rule: 'has(self.numTrustedHops) != has(self.trustedCIDRs)',
            message: 'must have exactly one of numTrustedHops and trustedCIDRs',
          },
        ],
      },
    ),
    customHeader: named('CustomHeaderExtensionSettings', {
      name: required(
        string({ minLength: 1, maxLength: 255, pattern: '^[A-Za-z0-9-]+$', patternHint: 'a header name' }),
      ),
      failClosed: boolean(),
    }),
    directSourceIP: object({}),
  },
  {
    rules: [
      {
        rule: '[has(self.xForwardedFor), has(self.customHeader), has(self.directSourceIP)].filter(present, present).size() == 1',
        message: 'must have exactly one of xForwardedFor, customHeader and directSourceIP',
      },
    ],
  },
);

const connection = named('ClientConnection', {
  connectionLimit: named(
    'ConnectionLimit',
    {
      value: integer({ minimum: 1 }),
      closeDelay: duration(),
      maxConnectionDuration: duration(),
      maxRequestsPerConnection: integer({ minimum: 0 }),
      maxStreamDuration: duration(),
    },
    {
      rules: [
        {
          rule: '!has(self.closeDelay) || has(self.value)',
          message: 'must be absent without value',
          fieldPath: ['closeDelay'],
        },
      ],
    },
  ),
  bufferLimit: byteSize,
  socketBufferLimit: byteSize,
  maxAcceptPerSocketEvent: withDefault(integer({ minimum: 0 }), 1),
});

const timeout = named('ClientTimeout', {
  tcp: named('TCPClientTimeout', {
    idleTimeout: duration(),
    tlsHandshakeTimeout: duration(),
    connectionInspectionTimeout: duration(),
  }),
  http: named('HTTPClientTimeout', {
    requestReceivedTimeout: duration(),
    requestHeadersReceivedTimeout: duration(),
    idleTimeout: duration(),
    streamIdleTimeout: duration(),
  }),
});

const spec = named(
  'ClientTrafficPolicySpec',
  {
    ...policyTargetFields,
    tcpKeepalive,
    enableProxyProtocol: { ...boolean(), deprecated: 'Use proxyProtocol.' },
    proxyProtocol: named('ProxyProtocolSettings', { optional: boolean() }),
    clientIPDetection: clientIpDetection,
    tls: clientTls,
    path: named('PathSettings', {
      escapedSlashesAction: oneOf(['KeepUnchanged', 'RejectRequest', 'UnescapeAndForward', 'UnescapeAndRedirect']),
      disableMergeSlashes: boolean(),
    }),
    headers: clientHeaders,
    timeout,
    connection,
    http1: named('HTTP1Settings', {
      enableTrailers: boolean(),
      preserveHeaderCase: boolean(),
      http10: named('HTTP10Settings', { useDefaultHost: boolean() }),
      disableSafeMaxConnectionDuration: boolean(),
      ignoredUpgradeTypes: array(stringMatch),
    }),
    http2: http2Settings,
    http3: object({}),
    grpc: named('GRPCSettings', { enableWeb: boolean() }),
    healthCheck: named('HealthCheckSettings', {
      path: required(string({ minLength: 1, maxLength: 1024 })),
    }),
    scheme: oneOf(['Preserve', 'MatchBackend']),
  },
  { rules: policyTargetRules(['Gateway', 'ListenerSet'], []) },
);

/** ClientTrafficPolicy: how clients may talk to a Gateway. */
export const clientTrafficPolicy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'ClientTrafficPolicy',
  plural: 'clienttrafficpolicies',
  shortNames: ['ctp'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec), status: policyStatus },
});
