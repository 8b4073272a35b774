import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';
import { LEASE_PACE, type LeasePace } from './kubernetes/lease/leader-election.ts';
import type { WriteRate } from './kubernetes/write-budget.ts';
import type { Watched } from './provider/kubernetes/kubernetes-provider.ts';
import { milliseconds } from './resources/duration.ts';

/** How a cluster is followed and written to (EnvoyGateway `provider.kubernetes`). */
export interface ClusterSettings {
  readonly watched: Watched;
  /** Where proxies run: all in the controller's namespace, or each in its Gateway's. */
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
  /** How a leader is elected; undefined where this is the only replica, and leads. */
  readonly election: LeasePace | undefined;
  readonly rate: WriteRate;
}

/** More than Envoy Gateway's 50: statuses of 5,000 routes are written in less than a minute. API servers keep order among clients by themselves. */
const RATE: WriteRate = { qps: 100, burst: 200 };

type Provider = EnvoyGateway['provider'];
type Refuse = (path: FieldPath, message: string) => void;

/** Reads `provider`; undefined where it is no cluster. */
export function clusterSettings(provider: Provider, refuse: Refuse): ClusterSettings | undefined {
  if (provider?.type !== 'Kubernetes') {
    refuseCustom(provider, refuse);
    return undefined;
  }
  const { watch, deploy, leaderElection, client } = provider.kubernetes ?? {};
  return {
    watched: watchedOf(watch, refuse),
    deploy: deploy?.type ?? 'ControllerNamespace',
    election: leaderElection?.disable === true ? undefined : paceOf(leaderElection, refuse),
    rate: client?.rateLimit ?? RATE,
  };
}

/** A host serves files: what is asked for otherwise would be something else than what then runs. */
function refuseCustom(provider: Provider, refuse: Refuse): void {
  const { resource, infrastructure } = provider?.custom ?? {};
  if (resource?.type === 'Kubernetes') {
    const message =
      'found Kubernetes, accepted is File: a cluster is served with provider.type Kubernetes, by pods and by no Envoy on this host';
    refuse(['provider', 'custom', 'resource', 'type'], message);
  }
  if (infrastructure?.type === 'Remote') {
    refuse(['provider', 'custom', 'infrastructure', 'type'], 'found Remote, accepted is Host');
  }
}

type Kubernetes = NonNullable<NonNullable<Provider>['kubernetes']>;

function watchedOf(watch: Kubernetes['watch'], refuse: Refuse): Watched {
  const at = ['provider', 'kubernetes', 'watch'];
  const { namespaces = [], namespaceSelector } = watch ?? {};
  const type = watch?.type ?? (namespaceSelector === undefined ? 'Namespaces' : 'NamespaceSelector');
  if (type === 'NamespaceSelector') {
    if (namespaceSelector !== undefined) return { kind: 'selector', selector: namespaceSelector };
    refuse([...at, 'namespaceSelector'], 'must be present when type is NamespaceSelector');
    return { kind: 'all' };
  }
  if (watch?.type === 'Namespaces' && namespaces.length === 0) {
    refuse([...at, 'namespaces'], 'must name at least one namespace when type is Namespaces');
  }
  return namespaces.length === 0 ? { kind: 'all' } : { kind: 'namespaces', names: [...new Set(namespaces)] };
}

function paceOf(election: Kubernetes['leaderElection'], refuse: Refuse): LeasePace {
  const pace = {
    leaseDuration: milliseconds(election?.leaseDuration) ?? LEASE_PACE.leaseDuration,
    renewDeadline: milliseconds(election?.renewDeadline) ?? LEASE_PACE.renewDeadline,
    retryPeriod: milliseconds(election?.retryPeriod) ?? LEASE_PACE.retryPeriod,
  };
  if (!(pace.leaseDuration > pace.renewDeadline && pace.renewDeadline > pace.retryPeriod && pace.retryPeriod > 0)) {
    refuse(
      ['provider', 'kubernetes', 'leaderElection'],
      `found leaseDuration ${pace.leaseDuration} ms, renewDeadline ${pace.renewDeadline} ms, retryPeriod ${pace.retryPeriod} ms; accepted is each longer than the next`,
    );
  }
  return pace;
}
