import { Command, Option } from 'commander';
import { LOG_LEVELS } from '../runtime/log.ts';
import { EXIT } from './exit-codes.ts';

/** Where the admin endpoint listens unless told otherwise. */
export const DEFAULT_ADMIN = '127.0.0.1:19001';

/** The command line of `sluice`. What a command needs is loaded only when it runs, so that help is quick. */
export function createProgram(version: string): Command {
  const program = new Command('sluice')
    .description('An Envoy gateway: Gateway API and Envoy Gateway manifests in, real Envoy out.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Run it with --help to see what is accepted.');

  program
    .command('run')
    .description('serve the manifests in files and folders; a change of a file is live')
    .argument('<path...>', 'files and folders of manifests (*.yaml, *.yml, *.json)')
    .option('--admin <address>', 'where /readyz and /healthz are served', DEFAULT_ADMIN)
    .option('--state-dir <folder>', 'where sockets, modules and logs of the proxies are kept')
    .option('--processors <file>', 'run the processors that this processors.yaml lists')
    .option('--allow-partial', 'be ready although a document cannot be parsed', false)
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (paths: readonly string[], options: RunFlags) => {
      const { run } = await import('./commands/run.ts');
      process.exitCode = await run(paths, options);
    });

  program
    .command('validate')
    .description('judge manifests as an API server would, without network or set-up')
    .argument('<path...>', 'files and folders; - is standard input')
    .addHelpText('after', '\nExample:\n  sluice validate deploy/examples/demo/manifests\n')
    .action(async (paths: readonly string[]) => {
      const { validate } = await import('./commands/validate.ts');
      process.exitCode = await validate(paths);
    });

  program
    .command('translate')
    .description('show what manifests become, without network or set-up')
    .argument('<path...>', 'files and folders; - is standard input')
    .addOption(new Option('--to <what>', 'what to show').choices(['xds', 'ir', 'status']).default('xds'))
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['json', 'yaml']).default('yaml'))
    .addHelpText('after', '\nExample:\n  sluice translate deploy/examples/demo/manifests --to status -o json\n')
    .action(async (paths: readonly string[], options: TranslateFlags) => {
      const { translate } = await import('./commands/translate.ts');
      process.exitCode = await translate(paths, options);
    });

  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`${version}\n`);
    });

  program.addHelpText(
    'after',
    `\nExit codes: ${EXIT.fine} fine, ${EXIT.findings} findings, ${EXIT.usage} usage, ${EXIT.internal} internal.`,
  );
  return program;
}

/** Flags of `sluice run`. */
export interface RunFlags {
  readonly admin: string;
  readonly stateDir?: string;
  readonly processors?: string;
  readonly allowPartial: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** Flags of `sluice translate`. */
export interface TranslateFlags {
  readonly to: 'xds' | 'ir' | 'status';
  readonly output: 'json' | 'yaml';
}

const RUN_EXAMPLES = `
Examples:
  sluice run manifests/
  sluice run gateway.yaml routes.yaml --log-level debug
  sluice run deploy/examples/demo/manifests --processors deploy/examples/demo/processors.yaml
`;
