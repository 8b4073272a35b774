import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';

/** An argument with its values. */
export type Argument = readonly [flag: string, ...values: string[]];

/** Envoy's log levels where EnvoyProxy has another word for them. */
const LEVELS: { readonly [level: string]: string } = { warn: 'warning' };

/** Envoy's short names of arguments. */
const SHORT: { readonly [flag: string]: string } = { '-c': '--config-path', '-l': '--log-level' };

/** What an EnvoyProxy says of logs and workers, as arguments of Envoy. */
export function saidArguments({ logging, concurrency }: Partial<EnvoyProxySpec>): readonly Argument[] {
  const { default: level = 'warn', ...components } = logging?.level ?? {};
  const levelOf = (name: string): string => LEVELS[name] ?? name;
  const componentLevels = Object.entries(components)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([component, own]) => `${component}:${levelOf(own)}`);
  return [
    ['--log-level', levelOf(level)],
    ...(componentLevels.length === 0 ? [] : [['--component-log-level', componentLevels.join(',')] as const]),
    ...(concurrency === undefined ? [] : [['--concurrency', String(concurrency)] as const]),
  ];
}

/** Arguments of Envoy: ours, and then the user's, which take the place of ours: Envoy takes none twice. */
export function withExtra(ours: readonly Argument[], { extraArgs = [] }: Partial<EnvoyProxySpec>): readonly string[] {
  const flags = extraArgs
    .filter((argument) => argument.startsWith('-'))
    .map((argument) => argument.split('=')[0] ?? '');
  const theirs = new Set(flags.map((flag) => SHORT[flag] ?? flag));
  return [...ours.filter(([flag]) => !theirs.has(flag)).flat(), ...extraArgs];
}
