import { type Configuration, DEFAULT_CONFIGURATION, readConfiguration } from '../configuration.ts';

/**
 * The configuration that `--config` of a command names, or the one that is without it. What is wrong with it, or not used
 * of it, goes to standard error; `undefined` when it cannot be used.
 */
export function givenConfiguration(command: string, file: string | undefined): Configuration | undefined {
  if (file === undefined) return DEFAULT_CONFIGURATION;
  const configured = readConfiguration(file);
  const lines = configured.ok ? configured.warnings : configured.errors;
  for (const line of lines) process.stderr.write(`sluice ${command}: ${line}\n`);
  return configured.ok ? configured.value : undefined;
}
