import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';
import { saidArguments, withExtra } from '../../envoy-arguments.ts';

/** What the arguments of an Envoy in a pod are made of. */
export interface PodArguments {
  readonly key: string;
  /** The bootstrap, as YAML or JSON. */
  readonly bootstrap: string;
  readonly spec: Partial<EnvoyProxySpec>;
  /** Milliseconds that connections take to drain. */
  readonly drainTimeout: number;
}

/** The arguments of Envoy: those that Envoy Gateway gives it, then the user's. */
export function podArguments({ key, bootstrap, spec, drainTimeout }: PodArguments): readonly string[] {
  return withExtra(
    [
      ['--service-cluster', key],
      ['--service-node', '$(ENVOY_POD_NAME)'],
      ['--service-zone', '$(ENVOY_SERVICE_ZONE)'],
      ['--config-yaml', bootstrap],
      ['--cpuset-threads'],
      ['--drain-strategy', 'immediate'],
      ['--drain-time-s', String(Math.ceil(drainTimeout / 1000))],
      // The root of the container is not written to.
      ['--disable-hot-restart'],
      ...saidArguments(spec),
    ],
    spec,
  );
}
