import { Option } from 'commander';

/** `--config` of every command that reads manifests or fetches. */
export function configOption(): Option {
  return new Option('--config <file>', 'settings: a document of kind EnvoyGateway');
}

/** `-o` of every command that lists something. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'output format').choices(['table', 'json', 'yaml']).default('table');
}

/** The examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
