/** Where a gateway's resources come from and where its proxies run (EnvoyGateway `provider`). */
import { labelSelector } from '../gateway-api/selectors.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { array, boolean, duration, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { extensionService } from './config-extension.ts';
import { autoscalerSpec, deploymentSpec, disruptionBudgetSpec } from './proxy-kubernetes.ts';

const watching = {
  watch: named('KubernetesWatchMode', {
    type: oneOf(['Namespaces', 'NamespaceSelector']),
    namespaces: array(string()),
    namespaceSelector: labelSelector,
  }),
  leaderElection: named('LeaderElection', {
    leaseDuration: duration(),
    renewDeadline: duration(),
    retryPeriod: duration(),
    disable: boolean(),
  }),
  client: named('KubernetesClient', {
    rateLimit: named('KubernetesClientRateLimit', {
      qps: withDefault(integer({ minimum: 1 }), 50),
      burst: withDefault(integer({ minimum: 1 }), 100),
    }),
  }),
  cacheSyncPeriod: duration(),
};

const kubernetes = named('EnvoyGatewayKubernetesProvider', {
  ...watching,
  rateLimitDeployment: deploymentSpec,
  rateLimitHpa: autoscalerSpec,
  rateLimitPDB: disruptionBudgetSpec,
  deploy: named('KubernetesDeployMode', {
    type: withDefault(oneOf(['ControllerNamespace', 'GatewayNamespace']), 'ControllerNamespace'),
  }),
  shutdownManager: named('ShutdownManager', { image: string() }),
  proxyTopologyInjector: named('EnvoyGatewayTopologyInjector', { disabled: boolean() }),
});

const custom = named('EnvoyGatewayCustomProvider', {
  resource: required(
    named(
      'EnvoyGatewayResourceProvider',
      {
        type: required(oneOf(['File', 'Kubernetes'])),
        file: named('EnvoyGatewayFileResourceProvider', { paths: required(array(string())) }),
        kubernetes: named('EnvoyGatewayKubernetesCustomProvider', watching),
      },
      {
        rules: [
          {
            rule: "self.type != 'File' || has(self.file)",
            message: 'must be present when type is File',
            fieldPath: ['file'],
          },
        ],
      },
    ),
  ),
  infrastructure: named('EnvoyGatewayInfrastructureProvider', {
    type: required(oneOf(['Host', 'Remote'])),
    host: named('EnvoyGatewayHostInfrastructureProvider', {
      configHome: string(),
      dataHome: string(),
      stateHome: string(),
      runtimeDir: string(),
    }),
    remote: named('EnvoyGatewayRemoteInfrastructureProvider', { service: extensionService }),
  }),
});

/** The provider of a gateway. */
export const configProvider = named(
  'EnvoyGatewayProvider',
  { type: required(oneOf(['Kubernetes', 'Custom'])), kubernetes, custom },
  { rules: memberRules({ Custom: 'custom' }) },
);
