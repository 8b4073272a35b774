import { rename, rm, writeFile } from 'node:fs/promises';
import { pullModule } from '../../oci/pull.ts';
import { formatReference } from '../../oci/reference.ts';
import { EXIT } from '../exit-codes.ts';
import type { FilterPullFlags } from '../filter-program.ts';
import { failed, failedAt, moduleReport, printReport } from '../filter-report.ts';
import { registryAccess } from '../registry-access.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** `sluice filter pull`: writes the module of an image to a file. Resolves with the exit code. */
export async function filterPull(text: string, flags: FilterPullFlags): Promise<number> {
  const access = await registryAccess('pull', text, flags);
  if (!access.ok) return failed('pull', access.refusal.message, EXIT.usage);
  const { reference } = access.value;
  try {
    const pulled = await pullModule(access.value);
    if (!pulled.ok) return failedAt('pull', access.value, pulled.refusal);
    const { image, module } = pulled.value;
    const file = flags.out ?? `${reference.repository.split('/').at(-1) ?? 'filter'}.wasm`;
    await writeWhole(file, module.bytes);
    const found = { ...reference, digest: image.digest };
    printReport(
      { file, reference: formatReference(found), layout: module.layout, module: moduleReport(module) },
      flags.output,
    );
    return EXIT.fine;
  } catch (error) {
    return failed('pull', messageOf(error), EXIT.internal);
  } finally {
    await access.value.close();
  }
}

/** The file is there as a whole, or as it was. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
