import { Argument, Command, Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../runtime/log.ts';
import { EXIT } from './exit-codes.ts';
import { addFilter } from './filter-program.ts';
import { configOption, examples, outputOption } from './options.ts';

/** Where the admin endpoint listens unless told otherwise. */
export const DEFAULT_ADMIN = '127.0.0.1:19001';

/** Where a controller on a cluster tells whether it is ready, and its metrics: where Envoy Gateway has them. */
export const DEFAULT_HEALTH = '0.0.0.0:8081';
export const DEFAULT_METRICS = '0.0.0.0:19001';

/** Where a controller on a cluster lets proxies in: where Envoy Gateway does. */
export const DEFAULT_XDS = '0.0.0.0:18000';

/** Where the admin endpoint of a controller on a cluster is: where Envoy Gateway has it. */
export const DEFAULT_CLUSTER_ADMIN = '127.0.0.1:19000';

/** Shells that completions are written for. */
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** A shell that completions are written for. */
export type Shell = (typeof SHELLS)[number];

/** The command line of `sluice`. What a command needs is loaded only when it runs, so that help is quick. */
export function createProgram(version: string): Command {
  const program = new Command('sluice')
    .description('An Envoy gateway: Gateway API and Envoy Gateway manifests in, real Envoy out.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Run it with --help to see what is accepted.');
  for (const add of [
    addRun,
    addTranslate,
    addValidate,
    addStatus,
    addConfigDump,
    addProcessor,
    addFilter,
    addVersion,
    addCertificates,
    addCompletion,
  ]) {
    add(program, version);
  }
  program.addHelpText('after', AFTER_HELP);
  return program;
}

function addRun(program: Command): void {
  program
    .command('run')
    .description('serve manifests from files and folders, and follow their changes')
    .argument(
      '[path...]',
      'files and folders of manifests (*.yaml, *.yml, *.json); none where --config names a cluster',
    )
    .option(
      '--admin <address>',
      `address of /readyz, /healthz, /metrics and the admin service (default: ${DEFAULT_ADMIN}, or that of --config)`,
    )
    .option(
      '--health <address>',
      `on a cluster: address of /readyz and /healthz, for probes (default: ${DEFAULT_HEALTH})`,
    )
    .option('--xds <address>', `on a cluster: address that proxies connect to, by mTLS (default: ${DEFAULT_XDS})`)
    .option('--metrics <address>', `on a cluster: address of /metrics, for Prometheus (default: ${DEFAULT_METRICS})`)
    .option(
      '--state-dir <folder>',
      'folder of sockets, modules and logs of the proxies (default: ~/.local/state/sluice)',
    )
    .addOption(configOption())
    .option('--processors <file>', 'a processors.yaml: run the processors that it lists')
    .option('--allow-partial', 'serve and be ready even while a document cannot be parsed', false)
    .addOption(new Option('--log-level <level>', 'lowest level to log (default: info)').choices(LOG_LEVELS))
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      examples(
        'sluice run manifests/',
        'sluice run gateway.yaml routes.yaml --log-level debug',
        'sluice run deploy/examples/demo/manifests --processors deploy/examples/demo/processors.yaml',
        'sluice run --config envoy-gateway.yaml',
      ),
    )
    .action(async (paths: readonly string[], options: RunFlags) => {
      const { run } = await import('./commands/run.ts');
      process.exitCode = await run(paths, options);
    });
}

function addTranslate(program: Command): void {
  program
    .command('translate')
    .description('print what manifests become: Envoy resources, the model before, or statuses')
    .argument('<path...>', 'files and folders; - is standard input')
    .addOption(new Option('--to <what>', 'what to print').choices(['xds', 'ir', 'status']).default('xds'))
    .addOption(configOption())
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']).default('yaml'))
    .addHelpText(
      'after',
      examples(
        'sluice translate manifests/ --to status -o json',
        'sluice translate manifests/ --to xds',
        'kubectl kustomize . | sluice translate - --to ir',
      ),
    )
    .action(async (paths: readonly string[], options: TranslateFlags) => {
      const { translate } = await import('./commands/translate.ts');
      process.exitCode = await translate(paths, options);
    });
}

function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check manifests as an API server would, without network or set-up')
    .argument('<path...>', 'files and folders; - is standard input')
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', examples('sluice validate manifests/', 'cat gateway.yaml | sluice validate -'))
    .action(async (paths: readonly string[], options: ValidateFlags) => {
      const { validate } = await import('./commands/validate.ts');
      process.exitCode = await validate(paths, options);
    });
}

function addStatus(program: Command): void {
  program
    .command('status')
    .description('show the status of the objects that a running sluice serves, and what it refuses')
    .argument('[kind]', 'only this kind: Gateway, httproutes, ...')
    .argument('[name]', 'only the object of this name')
    .option('-n, --namespace <namespace>', 'only objects of this namespace')
    .addOption(adminOption())
    .addOption(outputOption())
    .addHelpText('after', examples('sluice status', 'sluice status gateway/shop -o yaml'))
    .action(async (kind: string | undefined, name: string | undefined, options: StatusFlags) => {
      const { status } = await import('./commands/status.ts');
      process.exitCode = await status(kind, name, options);
    });
}

function addConfigDump(program: Command): void {
  program
    .command('config-dump')
    .description('show the configuration of the proxies of a running sluice')
    .argument('[gateway]', 'only the proxy of this Gateway: NAMESPACE/NAME, or NAME in namespace default')
    .addOption(
      new Option('--show <what>', 'xds: Envoy resources; ir: the model before; acks: what Envoy answered to each')
        .choices(['xds', 'ir', 'acks'])
        .default('xds'),
    )
    .addOption(adminOption())
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']).default('yaml'))
    .addHelpText('after', examples('sluice config-dump default/shop -o json', 'sluice config-dump --show acks'))
    .action(async (gateway: string | undefined, options: ConfigDumpFlags) => {
      const { configDump } = await import('./commands/config-dump.ts');
      process.exitCode = await configDump(gateway, options);
    });
}

function addProcessor(program: Command): void {
  const processor = program.command('processor').description('run external processors of your own');
  processor
    .command('run')
    .description('serve processors to Envoy on a Unix socket')
    .argument(
      '<file...>',
      'a processors.yaml, which names the module of each policy, or a module for all other policies',
    )
    .option('--socket <path>', 'socket to listen on (default: /var/run/ext-proc/extproc.sock)')
    .addOption(new Option('--log-level <level>', 'lowest level to log').choices(LOG_LEVELS).default('info'))
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      examples('sluice processor run greeting.ts', 'sluice processor run processors.yaml --socket ./extproc.sock'),
    )
    .action(async (files: readonly string[], options: ProcessorRunFlags) => {
      const { processorRun } = await import('./commands/processor-run.ts');
      process.exitCode = await processorRun(files, options);
    });
}

function addVersion(program: Command, version: string): void {
  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`${version}\n`);
    });
}

function addCertificates(program: Command): void {
  program
    .command('certificates')
    .description('create or renew the certificates of a controller on a cluster')
    .option(
      '-n, --namespace <namespace>',
      "the controller's namespace (default: ENVOY_GATEWAY_NAMESPACE, or the kubeconfig's)",
    )
    .addHelpText('after', examples('sluice certificates', 'sluice certificates -n envoy-gateway-system'))
    .action(async (options: { readonly namespace?: string }) => {
      const { makeCertificates } = await import('./commands/certificates.ts');
      process.exitCode = await makeCertificates(options);
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', examples('source <(sluice completion bash)', 'sluice completion fish | source'))
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion.ts');
      process.exitCode = completion(program, shell);
    });
}

function logFormatOption(): Option {
  return new Option('--log-format <format>', 'format of the log (default: text on a terminal, else json)').choices(
    LOG_FORMATS,
  );
}

function adminOption(): Option {
  return new Option('--admin <address>', 'admin address of the running sluice')
    .env('SLUICE_ADMIN')
    .default(DEFAULT_ADMIN);
}

const AFTER_HELP = `${examples('sluice run manifests/', 'sluice validate manifests/', 'sluice status')}
Exit codes: ${EXIT.fine} success, ${EXIT.findings} errors in what was read, ${EXIT.usage} wrong command line or settings, ${EXIT.internal} anything else.`;

/** Flags of `sluice run`. */
export interface RunFlags {
  readonly admin?: string;
  readonly health?: string;
  readonly metrics?: string;
  readonly xds?: string;
  readonly stateDir?: string;
  readonly config?: string;
  readonly processors?: string;
  readonly allowPartial: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

/** Flags of `sluice translate`. */
export interface TranslateFlags {
  readonly config?: string;
  readonly to: 'xds' | 'ir' | 'status';
  readonly output: 'json' | 'yaml';
}

/** Flags of `sluice validate`. */
export interface ValidateFlags {
  readonly config?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

/** Flags of `sluice status`. */
export interface StatusFlags {
  readonly admin: string;
  readonly namespace?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

/** Flags of `sluice processor run`. */
export interface ProcessorRunFlags {
  readonly socket?: string;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

/** Flags of `sluice config-dump`. */
export interface ConfigDumpFlags {
  readonly admin: string;
  readonly show: 'xds' | 'ir' | 'acks';
  readonly output: 'json' | 'yaml';
}
