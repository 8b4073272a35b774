import { isObject } from '#controller/api/compile.ts';
import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';
import type { Outcome } from '../../resources/verdict.ts';
import { bootstrapBase, unixCluster, XDS_ALIVE } from '../bootstrap/base.ts';
import { userBootstrap, XDS_CLUSTER_NAME } from '../bootstrap/user.ts';

/** Where things of one proxy are on this machine. All paths are absolute. */
export interface ProxyPaths {
  readonly folder: string;
  readonly xdsSocket: string;
  readonly sidecarSocket: string;
  readonly modules: string;
  readonly bootstrap: string;
  /** Envoy writes the address of its admin interface here. */
  readonly adminAddress: string;
  /** Which processes run as Envoy and as its sidecar. */
  readonly envoyRecord: string;
  readonly sidecarRecord: string;
  /** The same of an Envoy whose place another takes. */
  readonly leavingAdminAddress: string;
  readonly leavingRecord: string;
  /** How Envoy was started last: the next controller starts it so before it knows better. */
  readonly launch: string;
}

/** The bootstrap of an Envoy that takes everything else over delta ADS from the socket of its proxy. */
export function bootstrap(key: string, { xdsSocket, sidecarSocket }: ProxyPaths) {
  return bootstrapBase({
    key,
    // The kernel picks one, so that proxies never meet.
    adminPort: 0,
    xdsCluster: unixCluster(XDS_CLUSTER_NAME, xdsSocket, XDS_ALIVE),
    sidecarSocket,
    initialFetchTimeout: '15s',
  });
}

/**
 * The same as a user wants it (EnvoyProxy `bootstrap`), as JSON. Whose proxy it is and where its admin interface is stay ours: by
 * these the processes of a machine are told apart.
 */
export function saidBootstrap(
  key: string,
  paths: ProxyPaths,
  spec: Partial<EnvoyProxySpec>,
): Outcome<string, 'InvalidParameters'> {
  const ours = bootstrap(key, paths);
  const made = userBootstrap(ours, spec.bootstrap);
  if (!made.ok) return made;
  const theirs: unknown = JSON.parse(made.value.text);
  const { admin, node } = isObject(theirs) ? theirs : {};
  const whole = {
    ...(isObject(theirs) ? theirs : {}),
    node: { ...(isObject(node) ? node : {}), ...ours.node },
    admin: { ...(isObject(admin) ? admin : {}), ...ours.admin },
  };
  return { ok: true, value: JSON.stringify(whole, undefined, 2) };
}
