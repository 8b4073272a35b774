import type { Configuration } from '../configuration.ts';
import { createLogs, type LogFormat, type LogLevel, type Logs } from '../runtime/log.ts';

/** The logs of `sluice run`: what is said at the command line is for all of them, and goes before the configuration. */
export function openLogs(
  flags: { readonly logLevel?: LogLevel; readonly logFormat?: LogFormat },
  told: Configuration['log'] | undefined,
): Logs {
  const levels =
    flags.logLevel === undefined
      ? { default: told?.level ?? ('info' as const), components: told?.components ?? {} }
      : { default: flags.logLevel, components: {} };
  return createLogs(levels, flags.logFormat ?? told?.format);
}
