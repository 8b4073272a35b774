import type { Gateway, Listener, RouteGroupKind } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';

/** A listener of a Gateway and what is said of it. */
export interface ListenerState {
  readonly gateway: Gateway;
  readonly spec: Listener;
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Whether it is served. */
  readonly usable: boolean;
  readonly verdicts: readonly Verdict[];
}

const HTTP_ROUTE: RouteGroupKind = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' };

/** The listeners of a Gateway, in its order (Gateway API, "Listeners"). */
export function listenerStates(gateway: Gateway): readonly ListenerState[] {
  const { listeners } = gateway.spec;
  return listeners.map((spec, index) => {
    const allowed = spec.allowedRoutes.kinds ?? [HTTP_ROUTE];
    const supportedKinds = allowed.filter(isSupported);
    const refused = refusalOf(gateway, spec);
    const conflict = listeners.slice(0, index).find((other) => conflicts(other, spec));
    return {
      gateway,
      spec,
      supportedKinds,
      usable: refused === undefined && conflict === undefined && supportedKinds.length > 0,
      verdicts: [
        conflict === undefined
          ? verdict('Conflicted', 'False', 'NoConflicts', 'No other listener claims the same port and host name')
          : verdict(
              'Conflicted',
              'True',
              'HostnameConflict',
              `listener ${conflict.name} already claims port ${spec.port} with host name ${spec.hostname ?? '*'}`,
            ),
        refused ?? verdict('Accepted', 'True', 'Accepted', 'The listener is served'),
        allowed.every(isSupported)
          ? verdict('ResolvedRefs', 'True', 'ResolvedRefs', 'Every reference of the listener leads somewhere')
          : verdict(
              'ResolvedRefs',
              'False',
              'InvalidRouteKinds',
              `allowedRoutes.kinds: found ${allowed.map(({ kind }) => kind).join(', ')}, accepted for protocol ${spec.protocol} is HTTPRoute`,
            ),
      ],
    };
  });
}

function isSupported({ group, kind }: RouteGroupKind): boolean {
  return group === HTTP_ROUTE.group && kind === HTTP_ROUTE.kind;
}

function conflicts(a: Listener, b: Listener): boolean {
  return a.port === b.port && (a.protocol !== b.protocol || (a.hostname ?? '') === (b.hostname ?? ''));
}

function refusalOf({ metadata }: Gateway, spec: Listener): Verdict | undefined {
  if (spec.protocol === 'HTTP') return undefined;
  return verdict(
    'Accepted',
    'False',
    'UnsupportedProtocol',
    `Gateway ${metadata.namespace}/${metadata.name}: listener ${spec.name}: protocol: found ${spec.protocol}, this version implements HTTP`,
  );
}

function verdict(type: string, status: Verdict['status'], reason: string, message: string): Verdict {
  return { type, status, reason, message };
}
