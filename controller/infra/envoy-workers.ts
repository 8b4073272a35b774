import { isObject } from '#controller/api/compile.ts';
import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';

/** How many workers an EnvoyProxy says that Envoy has: in its arguments, which are the last word, or as `concurrency`. */
export function saidWorkers({ extraArgs = [], concurrency }: Partial<EnvoyProxySpec> = {}): number | undefined {
  const index = extraArgs.findLastIndex((argument) => /^--concurrency(?:=|$)/u.test(argument));
  const argument = extraArgs[index]?.split('=')[1] ?? extraArgs[index + 1];
  const said = index < 0 ? concurrency : Number(argument);
  // Envoy has one worker at least.
  return said === undefined || Number.isNaN(said) ? undefined : Math.max(Math.ceil(said), 1);
}

/** The same of Envoy in a pod: where nobody says, Envoy takes the CPUs that its container is limited to, rounded up. */
export function podWorkers(spec: Partial<EnvoyProxySpec> = {}): number | undefined {
  const { envoyDaemonSet, envoyDeployment } = spec.provider?.kubernetes ?? {};
  const { container } = envoyDaemonSet ?? envoyDeployment ?? {};
  const limits = container?.resources?.['limits'];
  return saidWorkers(spec) ?? cpusOf(isObject(limits) ? limits['cpu'] : undefined);
}

/** Whole CPUs of a quantity ("500m", "2", 1.5), rounded up; `undefined` for none. */
export function cpusOf(quantity: unknown): number | undefined {
  const text = typeof quantity === 'string' || typeof quantity === 'number' ? String(quantity) : '';
  const [, digits, milli] = /^(\d+(?:\.\d*)?|\.\d+)(m?)$/u.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Math.max(Math.ceil(Number(digits) / (milli === 'm' ? 1_000 : 1)), 1);
}
