import { parsePlainYaml } from '../parse-plain-yaml.ts';
import { readManifest } from './read-file.ts';
import { scan } from './scan.ts';
import { splitDocuments } from './split-documents.ts';

/** So much is looked at; beyond, the time is better spent on reading. Bytes. */
const MOST = 16 * 1024 * 1024;

/**
 * The documents of some kinds in files, as far as they are seen at a glance and as they are written: nothing is validated,
 * and what is not plain YAML is passed over. For guesses alone.
 */
export function glimpse(paths: readonly string[], kinds: readonly string[]): readonly unknown[] {
  const isOfKind = new RegExp(`^kind: *["']?(?:${kinds.join('|')})["']?[ \\r]*$`, 'mu');
  const found: unknown[] = [];
  let left = MOST;
  for (const file of scan(paths).files.keys()) {
    const { content } = readManifest(file);
    if (content.kind !== 'text') continue;
    left -= content.text.length;
    if (left < 0) break;
    if (!isOfKind.test(content.text)) continue;
    for (const { text } of splitDocuments(content.text)) {
      if (isOfKind.test(text)) found.push(parsePlainYaml(text));
    }
  }
  return found;
}
