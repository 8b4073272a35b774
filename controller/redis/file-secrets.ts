import type { Provider, ResourceBatch } from '../provider/provider.ts';
import { keyOf } from '../provider/key.ts';
import type { OwnSecrets, SecretReading } from './counting.ts';

/** The Secrets of one namespace among manifests, followed beside all else that is made of these. */
export class FileSecrets implements OwnSecrets {
  readonly namespace: string;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #readings = new Map<string, SecretReading>();
  #isSynced = false;

  constructor(namespace: string, names: readonly string[]) {
    this.namespace = namespace;
    this.#keys = new Map(names.map((name) => [keyOf('', 'Secret', namespace, name), name]));
  }

  read(name: string): SecretReading {
    if (!this.#isSynced) return undefined;
    const object = `Secret ${this.namespace}/${name}`;
    const message = `${object} is not among the manifests, or is refused`;
    return this.#readings.get(name) ?? { kind: 'unusable', message };
  }

  /** The same provider; `changed` is called with each batch that says something of the Secrets, before and after it is handed over. */
  along(provider: Provider, changed: { readonly before: () => void; readonly after: () => void }): Provider {
    return {
      start: (onBatch) =>
        provider.start((batch) => {
          const isOurs = this.#take(batch);
          if (isOurs) changed.before();
          onBatch(batch);
          if (isOurs) changed.after();
        }),
    };
  }

  #take(batch: ResourceBatch): boolean {
    let isOurs = false;
    for (const event of batch) {
      if (event.kind === 'synced') {
        this.#isSynced = true;
        isOurs = true;
      }
      if (event.kind !== 'upsert' && event.kind !== 'delete') continue;
      const name = this.#keys.get(event.key);
      if (name === undefined) continue;
      isOurs = true;
      if (event.kind === 'delete') this.#readings.delete(name);
      else if (event.resource.kind === 'Secret') this.#readings.set(name, { kind: 'secret', secret: event.resource });
    }
    return isOurs;
  }
}
