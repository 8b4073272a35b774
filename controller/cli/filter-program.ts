import { type Command, Option } from 'commander';
import { configOption, examples, outputOption } from './options.ts';

/** Where `build` writes, and from where `push` reads, unless told otherwise. */
const FILTER_FOLDER = 'build/filter';

/** How an image carries a module: see `wasm-filters/build/image.ts`. */
const LAYOUTS = ['artifact', 'compat'] as const;

/** Adds `sluice filter` and its commands. */
export function addFilter(program: Command): void {
  const filter = program.command('filter').description('build, push, pull and inspect Wasm filters of your own');
  addBuild(filter);
  addPush(filter);
  addPull(filter);
  addInspect(filter);
}

function addBuild(filter: Command): void {
  filter
    .command('build')
    .description('compile a filter written in AssemblyScript and pack it as an image, reproducibly')
    .argument('[source]', 'folder with assembly/index.ts or index.ts, or an entry file', '.')
    .option('--out <folder>', 'folder to write the image to, as an OCI layout', FILTER_FOLDER)
    .addOption(layoutOption())
    .addOption(outputOption())
    .addHelpText('after', examples('sluice filter build', 'sluice filter build my-filter --out build/my-filter'))
    .action(async (source: string, flags: FilterBuildFlags) => {
      const { filterBuild } = await import('./commands/filter-build.ts');
      process.exitCode = await filterBuild(source, flags);
    });
}

function addPush(filter: Command): void {
  filter
    .command('push')
    .description("push a filter to a registry, with Docker's credentials")
    .argument('<reference>', 'the image: [REGISTRY/]REPOSITORY[:TAG]')
    .argument('[filter]', 'what `build` wrote, or a module (*.wasm)', FILTER_FOLDER)
    .addOption(layoutOption('for a module: '))
    .addOption(plainHttpOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      examples('sluice filter push ghcr.io/me/my-filter:v1', 'sluice filter push localhost:5000/my-filter:v1 my.wasm'),
    )
    .action(async (reference: string, source: string, flags: FilterPushFlags) => {
      const { filterPush } = await import('./commands/filter-push.ts');
      process.exitCode = await filterPush(reference, source, flags);
    });
}

function addPull(filter: Command): void {
  filter
    .command('pull')
    .description('pull the module of an image and verify it')
    .argument('<reference>', 'the image: [REGISTRY/]REPOSITORY[:TAG][@DIGEST]')
    .option('--out <file>', 'file to write the module to (default: the last part of the name, with .wasm)')
    .addOption(plainHttpOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', examples('sluice filter pull ghcr.io/me/my-filter:v1 --out my-filter.wasm'))
    .action(async (reference: string, flags: FilterPullFlags) => {
      const { filterPull } = await import('./commands/filter-pull.ts');
      process.exitCode = await filterPull(reference, flags);
    });
}

function addInspect(filter: Command): void {
  filter
    .command('inspect')
    .description('show the digests, layout, size, ABI, imports and exports of a filter')
    .argument('<filter>', 'an image in a registry, what `build` wrote, or a module (*.wasm)')
    .addOption(plainHttpOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      examples('sluice filter inspect build/filter', 'sluice filter inspect ghcr.io/me/my-filter:v1'),
    )
    .action(async (filterOrReference: string, flags: FilterInspectFlags) => {
      const { filterInspect } = await import('./commands/filter-inspect.ts');
      process.exitCode = await filterInspect(filterOrReference, flags);
    });
}

function layoutOption(of = ''): Option {
  return new Option('--layout <layout>', `${of}artifact: the module as such (CNCF); compat: an image with plugin.wasm`)
    .choices(LAYOUTS)
    .default('artifact');
}

function plainHttpOption(): Option {
  return new Option('--plain-http', 'use no TLS (a registry on this machine is asked without anyway)').default(false);
}

type Output = 'table' | 'json' | 'yaml';

/** Flags of `sluice filter build`. */
export interface FilterBuildFlags {
  readonly out: string;
  readonly layout: (typeof LAYOUTS)[number];
  readonly output: Output;
}

/** Flags that say how a registry is asked. */
export interface RegistryFlags {
  readonly plainHttp: boolean;
  readonly config?: string;
  readonly output: Output;
}

/** Flags of `sluice filter push`. */
export interface FilterPushFlags extends RegistryFlags {
  readonly layout: (typeof LAYOUTS)[number];
}

/** Flags of `sluice filter pull`. */
export interface FilterPullFlags extends RegistryFlags {
  readonly out?: string;
}

/** Flags of `sluice filter inspect`. */
export type FilterInspectFlags = RegistryFlags;
