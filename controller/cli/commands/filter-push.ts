import { readFile, stat } from 'node:fs/promises';
import { packImage } from '#wasm-filters/build/image.ts';
import { checkModule, digestOf } from '../../oci/image-module.ts';
import { readLayout } from '../../oci/layout.ts';
import { LIMITS } from '../../oci/limits.ts';
import { type PackedImage, pushImage } from '../../oci/push.ts';
import { formatReference } from '../../oci/reference.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { EXIT } from '../exit-codes.ts';
import type { FilterPushFlags } from '../filter-program.ts';
import { failed, failedAt, printReport } from '../filter-report.ts';
import { registryAccess } from '../registry-access.ts';

/** `sluice filter push`: pushes what `build` wrote, or a module. Resolves with the exit code. */
export async function filterPush(text: string, source: string, flags: FilterPushFlags): Promise<number> {
  const access = await registryAccess('push', text, flags);
  if (!access.ok) return failed('push', access.refusal.message, EXIT.usage);
  const { reference } = access.value;
  try {
    if (reference.digest !== undefined) return failed('push', `${text}: a tag is pushed to, no digest`, EXIT.usage);
    const image = await imageOf(source, flags);
    if (!image.ok) return failed('push', image.refusal.message, EXIT.findings);
    const pushed = await pushImage(access.value, image.value, (blob, outcome) => {
      const what = outcome === 'sent' ? 'sent' : 'there already';
      process.stderr.write(`${digestOf(blob)}: ${blob.length} bytes ${what}\n`);
    });
    if (!pushed.ok) return failedAt('push', access.value, pushed.refusal);
    const full = formatReference({ ...reference, digest: pushed.value });
    if (flags.output === 'table') process.stdout.write(`${full}\n`);
    else printReport({ reference: full, digest: pushed.value }, flags.output);
    return EXIT.fine;
  } finally {
    await access.value.close();
  }
}

async function imageOf(
  source: string,
  { layout }: FilterPushFlags,
): Promise<Outcome<PackedImage, 'Malformed' | 'Unreadable' | 'DigestMismatch'>> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined)
    return refusal('Unreadable', `${source}: no such file or folder; \`sluice filter build\` makes one`);
  if (found.isDirectory()) return readLayout(source);
  if (found.size > LIMITS.module) {
    return refusal('Malformed', `${source}: found ${found.size} bytes, at most ${LIMITS.module} are accepted`);
  }
  const module = checkModule(new Uint8Array(await readFile(source)));
  if (!module.ok) return refusal('Malformed', `${source}: ${module.refusal.message}`);
  return success(packImage(module.value.bytes, layout));
}
