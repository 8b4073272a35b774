import type { FieldPath } from '#controller/api/field-path.ts';
import type { FileSource, Provider, ResourceKey } from '../provider.ts';
import type { Pace, ProviderLog } from './session.ts';
import { Session } from './session.ts';

/** The files and folders to read, in order; a later one loses to an earlier one where both declare an object. */
export type FilesProviderOptions = {
  readonly paths: readonly string[];
  readonly log: ProviderLog;
  readonly pace?: Partial<Pace>;
};

/** A provider that also knows where in its files a field is. */
export interface FilesProvider extends Provider {
  /** The place of a field of a resource that is served (of its nearest part that is written); undefined for a key that is not. */
  readonly locate: (key: ResourceKey, path?: FieldPath) => FileSource | undefined;
}

const defaultPace: Pace = { settle: 3, hold: 60, longest: 500, rescan: 10_000, poll: 1000 };

/** Resources from manifest files, which are watched; see `Provider` for what it promises. A provider is started once. */
export function filesProvider({ paths, log, pace }: FilesProviderOptions): FilesProvider {
  const session = new Session(paths, log, { ...defaultPace, ...pace });
  return {
    start: (onBatch) =>
      new Promise((resolve) => {
        session.start(onBatch);
        resolve(() => {
          session.stop();
          return Promise.resolve();
        });
      }),
    locate: (key, path = []) => session.locate(key, path),
  };
}
