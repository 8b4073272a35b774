import { Command, Option } from 'commander';
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
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

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
    .description('serve the manifests in files and folders; a change of a file is live')
    .argument(
      '[path...]',
      'files and folders of manifests (*.yaml, *.yml, *.json); none where --config names a cluster',
    )
    .option(
      '--admin <address>',
      `where /readyz, /healthz, /metrics and the admin service are (default: ${DEFAULT_ADMIN}, or what --config says)`,
    )
    .option(
      '--health <address>',
      `on a cluster: where everybody may ask for /readyz and /healthz (default: ${DEFAULT_HEALTH})`,
    )
    .option('--xds <address>', `on a cluster: where proxies are let in, by certificate (default: ${DEFAULT_XDS})`)
    .option('--metrics <address>', `on a cluster: where everybody may ask for /metrics (default: ${DEFAULT_METRICS})`)
    .option('--state-dir <folder>', 'where sockets, modules and logs of the proxies are kept')
    .addOption(configOption())
    .option('--processors <file>', 'run the processors that this processors.yaml lists')
    .option('--allow-partial', 'be ready although a document cannot be parsed', false)
    .addOption(new Option('--log-level <level>', 'least level that is logged (default: info)').choices(LOG_LEVELS))
    .addOption(
      new Option('--log-format <format>', 'how the log is written (default: text on a terminal, else json)').choices(
        LOG_FORMATS,
      ),
    )
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
    .description('show what manifests become, without network or set-up')
    .argument('<path...>', 'files and folders; - is standard input')
    .addOption(new Option('--to <what>', 'what to show').choices(['xds', 'ir', 'status']).default('xds'))
    .addOption(configOption())
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['json', 'yaml']).default('yaml'))
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
    .description('judge manifests as an API server would, without network or set-up')
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
    .description('show the status of the objects that a running sluice serves')
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
    .description('show what the proxies of a running sluice are to have')
    .argument('[gateway]', 'only the proxy of this Gateway: NAMESPACE/NAME, or NAME in namespace default')
    .addOption(
      new Option('--show <what>', 'xds: resources as in Envoy; ir: the model before; acks: what Envoy said to each')
        .choices(['xds', 'ir', 'acks'])
        .default('xds'),
    )
    .addOption(adminOption())
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['json', 'yaml']).default('yaml'))
    .addHelpText('after', examples('sluice config-dump default/shop -o json', 'sluice config-dump --show acks'))
    .action(async (gateway: string | undefined, options: ConfigDumpFlags) => {
      const { configDump } = await import('./commands/config-dump.ts');
      process.exitCode = await configDump(gateway, options);
    });
}

function addProcessor(program: Command): void {
  const processor = program.command('processor').description('processors of your own, beside Envoy');
  processor
    .command('run')
    .description('serve processors to Envoy on a Unix socket, until told to stop')
    .argument(
      '<file...>',
      'processors.yaml, which names the processor of each policy, or a module that serves all others',
    )
    .option('--socket <path>', 'where to listen (default: /var/run/ext-proc/extproc.sock)')
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
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
    .description('make the certificates of a controller on a cluster, or renew those that are old')
    .option('-n, --namespace <namespace>', "the controller's (default: ENVOY_GATEWAY_NAMESPACE, or the kubeconfig's)")
    .addHelpText('after', examples('sluice certificates', 'sluice certificates -n envoy-gateway-system'))
    .action(async (options: { readonly namespace?: string }) => {
      const { makeCertificates } = await import('./commands/certificates.ts');
      process.exitCode = await makeCertificates(options);
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completions of a shell')
    .argument('<shell>', `one of ${SHELLS.join(', ')}`)
    .addHelpText('after', examples('source <(sluice completion bash)', 'sluice completion fish | source'))
    .action(async (shell: string) => {
      const { completion } = await import('./commands/completion.ts');
      process.exitCode = completion(program, shell);
    });
}

function adminOption(): Option {
  return new Option('--admin <address>', 'the admin address of the running sluice')
    .env('SLUICE_ADMIN')
    .default(DEFAULT_ADMIN);
}

const AFTER_HELP = `${examples('sluice run manifests/', 'sluice validate manifests/', 'sluice status')}
Exit codes: ${EXIT.fine} fine, ${EXIT.findings} findings, ${EXIT.usage} usage, ${EXIT.internal} internal.`;

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
}

/** Flags of `sluice config-dump`. */
export interface ConfigDumpFlags {
  readonly admin: string;
  readonly show: 'xds' | 'ir' | 'acks';
  readonly output: 'json' | 'yaml';
}
