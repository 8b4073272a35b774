import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packImage } from '#wasm-filters/build/image.ts';
import { ociLayout, replaceFolder } from '#wasm-filters/build/oci-layout.ts';
import { compileUserFilter, filterSource } from '#wasm-filters/build/user-filter.ts';
import { checkModule, digestOf } from '../../oci/image-module.ts';
import { EXIT } from '../exit-codes.ts';
import type { FilterBuildFlags } from '../filter-program.ts';
import { failed, moduleReport, printReport } from '../filter-report.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** `sluice filter build`: compiles a filter and writes it as an OCI layout. Resolves with the exit code. */
export async function filterBuild(path: string, { out, layout, output }: FilterBuildFlags): Promise<number> {
  const source = filterSource(path);
  if (source === undefined) {
    return failed('build', `${path}: found no assembly/index.ts and no index.ts, one of them is needed`, EXIT.usage);
  }
  if (isOfSomebodyElse(out)) {
    return failed(
      'build',
      `--out ${out}: has other files than an image; name a folder that may be replaced`,
      EXIT.usage,
    );
  }
  process.stderr.write(`compiling ${join(source.folder, source.entry)}\n`);
  const compiled = await compileUserFilter(source).catch((error: unknown) => messageOf(error));
  if (typeof compiled === 'string') return failed('build', compiled.trimEnd(), EXIT.findings);
  const module = checkModule(compiled);
  if (!module.ok) return failed('build', `${path}: ${module.refusal.message}`, EXIT.findings);
  const image = packImage(compiled, layout);
  await replaceFolder(out, ociLayout(image));
  printReport(
    { folder: out, image: { digest: digestOf(image.manifest), layout }, module: moduleReport(module.value) },
    output,
  );
  return EXIT.fine;
}

/** A folder is replaced as a whole: only one that is an OCI layout, or empty, or not there. */
function isOfSomebodyElse(folder: string): boolean {
  try {
    const names = readdirSync(folder);
    return names.length > 0 && !names.includes('oci-layout');
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}
