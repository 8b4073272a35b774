import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';

/** What the arguments of an Envoy in a pod are made of. */
export interface EnvoyArguments {
  readonly key: string;
  /** The bootstrap, as YAML or JSON. */
  readonly bootstrap: string;
  readonly spec: Partial<EnvoyProxySpec>;
  /** Milliseconds that connections take to drain. */
  readonly drainTimeout: number;
}

/** Envoy's log levels where EnvoyProxy has another word for them. */
const LEVELS: { readonly [level: string]: string } = { warn: 'warning' };

/** The arguments of Envoy: those that Envoy Gateway gives it, then the user's. */
export function envoyArguments({ key, bootstrap, spec, drainTimeout }: EnvoyArguments): readonly string[] {
  const { default: level = 'warn', ...components } = spec.logging?.level ?? {};
  const levelOf = (name: string): string => LEVELS[name] ?? name;
  const componentLevels = Object.entries(components)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([component, own]) => `${component}:${levelOf(own)}`);
  return [
    '--service-cluster',
    key,
    '--service-node',
    '$(ENVOY_POD_NAME)',
    '--service-zone',
    '$(ENVOY_SERVICE_ZONE)',
    '--config-yaml',
    bootstrap,
    '--log-level',
    levelOf(level),
    ...(componentLevels.length === 0 ? [] : ['--component-log-level', componentLevels.join(',')]),
    '--cpuset-threads',
    '--drain-strategy',
    'immediate',
    '--drain-time-s',
    String(Math.ceil(drainTimeout / 1000)),
    // The root of the container is not written to.
    '--disable-hot-restart',
    ...(spec.concurrency === undefined ? [] : ['--concurrency', String(spec.concurrency)]),
    ...(spec.extraArgs ?? []),
  ];
}
