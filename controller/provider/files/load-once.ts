import type { FieldPath } from '#controller/api/field-path.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import type { FileSource, Problem, ResourceKey } from '../provider.ts';
import { orderOf } from './file-order.ts';
import type { FileChange } from './ledger.ts';
import { Ledger } from './ledger.ts';
import { locateInFile } from './locate-in-file.ts';
import { decode, maxFileBytes, readManifest } from './read-file.ts';
import { pathProblems, scan } from './scan.ts';

/** Everything that paths say at one moment. */
export type Loaded = {
  /** By key, in the order of the files. */
  readonly resources: ReadonlyMap<ResourceKey, { readonly resource: Resource; readonly source: FileSource }>;
  /** In the order of files and lines. */
  readonly problems: readonly Problem[];
  /** The place of a field of one of the resources. */
  readonly locate: (key: ResourceKey, path?: FieldPath) => FileSource | undefined;
};

/** Reads paths once, without watching; `-` stands for standard input, whose bytes the caller gives. */
export function loadOnce(paths: readonly string[], input: { readonly stdin?: Uint8Array } = {}): Loaded {
  const found = scan(paths.filter((path) => path !== '-'));
  const ledger = new Ledger(orderOf(paths));
  const changes = [...[...found.files.keys()].map(readManifest), ...standardInput(paths, input.stdin)];
  const texts = new Map(changes.map(({ file, content }) => [file, content]));
  ledger.apply(
    changes.map((change) => ledger.preview(change)),
    new Map([['paths', pathProblems(found)]]),
  );
  return {
    resources: ledger.served(),
    problems: ledger.problems(),
    locate: (key, path = []) => {
      const source = ledger.served().get(key)?.source;
      const view = source === undefined ? undefined : ledger.view(source.file);
      const content = source === undefined ? undefined : texts.get(source.file);
      return view === undefined || content?.kind !== 'text' ? source : locateInFile(view, content.text, key, path);
    },
  };
}

function standardInput(paths: readonly string[], bytes: Uint8Array | undefined): readonly FileChange[] {
  if (!paths.includes('-') || bytes === undefined) return [];
  if (bytes.length <= maxFileBytes) return [{ file: '-', content: decode(bytes) }];
  return [
    {
      file: '-',
      content: { kind: 'unreadable', message: `has ${bytes.length} bytes, at most ${maxFileBytes} are read` },
    },
  ];
}
