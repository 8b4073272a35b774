import { readFile, stat } from 'node:fs/promises';
import { checkModule } from '../../oci/image-module.ts';
import { readLayoutModule } from '../../oci/layout.ts';
import { LIMITS } from '../../oci/limits.ts';
import { pullModule } from '../../oci/pull.ts';
import { formatReference } from '../../oci/reference.ts';
import { EXIT } from '../exit-codes.ts';
import type { FilterInspectFlags } from '../filter-program.ts';
import { failed, failedAt, moduleReport, printReport } from '../filter-report.ts';
import { registryAccess } from '../registry-access.ts';

/** `sluice filter inspect`: shows what an image, a layout or a module is. Resolves with the exit code. */
export async function filterInspect(text: string, flags: FilterInspectFlags): Promise<number> {
  const found = await stat(text).catch(() => undefined);
  if (found === undefined) return inspectImage(text, flags);
  return found.isDirectory() ? inspectLayout(text, flags) : inspectFile(text, found.size, flags);
}

async function inspectImage(text: string, flags: FilterInspectFlags): Promise<number> {
  const access = await registryAccess('inspect', text, flags);
  if (!access.ok) return failed('inspect', `${text} is no file, and ${access.refusal.message}`, EXIT.usage);
  try {
    const pulled = await pullModule(access.value);
    if (!pulled.ok) return failedAt('inspect', access.value, pulled.refusal);
    const { image, module } = pulled.value;
    const reference = formatReference({ ...access.value.reference, digest: image.digest });
    const inList = image.imageDigest === image.digest ? {} : { imageOfTheList: image.imageDigest };
    printReport({ reference, ...inList, layout: module.layout, module: moduleReport(module) }, flags.output);
    return EXIT.fine;
  } finally {
    await access.value.close();
  }
}

async function inspectLayout(folder: string, { output }: FilterInspectFlags): Promise<number> {
  const read = await readLayoutModule(folder);
  if (!read.ok) return failed('inspect', read.refusal.message, EXIT.findings);
  const { image, module } = read.value;
  printReport({ folder, digest: image.digest, layout: module.layout, module: moduleReport(module) }, output);
  return EXIT.fine;
}

async function inspectFile(file: string, size: number, { output }: FilterInspectFlags): Promise<number> {
  if (size > LIMITS.module) {
    return failed('inspect', `${file}: found ${size} bytes, at most ${LIMITS.module} are accepted`, EXIT.findings);
  }
  const module = checkModule(new Uint8Array(await readFile(file)));
  if (!module.ok) return failed('inspect', `${file}: ${module.refusal.message}`, EXIT.findings);
  printReport({ file, module: moduleReport(module.value) }, output);
  return EXIT.fine;
}
