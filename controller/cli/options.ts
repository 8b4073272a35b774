import { Option } from 'commander';

/** `--config` of every command that reads manifests or fetches. */
export function configOption(): Option {
  return new Option(
    '--config <file>',
    'a document of kind EnvoyGateway: the name of the controller, extensions, settings',
  );
}

/** `-o` of every command that lists something. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to show it').choices(['table', 'json', 'yaml']).default('table');
}

/** The examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
