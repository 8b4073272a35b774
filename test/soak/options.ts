import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What a soak is to be. */
export interface SoakOptions {
  /** What is soaked: Sluice from files, or on the test cluster. */
  readonly mode: 'files' | 'cluster';
  readonly minutes: number;
  /** Where the report is written. */
  readonly out: string;
  /** What the report says of the circumstances. */
  readonly note: string | undefined;
}

/** What a command line asks for. */
export type ParsedSoak =
  | { readonly kind: 'options'; readonly options: SoakOptions }
  | { readonly kind: 'usage'; readonly message: string };

const MINUTES = 30;
const MOST = 24 * 60;

/** Reads the arguments of `npm run soak --`; `folder` is where reports are kept. */
export function parseSoak(args: readonly string[], folder: string): ParsedSoak {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: {
        cluster: { type: 'boolean', default: false },
        minutes: { type: 'string', default: String(MINUTES) },
        out: { type: 'string' },
        note: { type: 'string' },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { cluster, minutes: text, out, note } = parsed.values;
  const minutes = Number(text);
  if (!(minutes > 0 && minutes <= MOST)) return usage(`--minutes: found ${text}, accepted is up to ${MOST}`);
  const mode = cluster ? 'cluster' : 'files';
  const kept = { files: 'report.md', cluster: 'cluster-report.md' } as const;
  const file = out === undefined ? `${folder}/${kept[mode]}` : resolve(out);
  return { kind: 'options', options: { mode, minutes, out: file, note } };
}

function usage(message: string): ParsedSoak {
  return {
    kind: 'usage',
    message: `soak: ${message}\nusage: npm run soak -- [--cluster] [--minutes N] [--out FILE] [--note TEXT]`,
  };
}
