import type { Logger } from 'pino';
import { type Counting, countingBy, type OwnSecrets } from './counting.ts';
import type { RedisSettings } from './redis-settings.ts';

/** Where to count, as it is now, and told when it becomes another. */
export class CountingPlace {
  readonly #settings: RedisSettings | undefined;
  readonly #log: Logger;
  #current: Counting | undefined;

  constructor(settings: RedisSettings | undefined, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** `undefined` while it is not known: sidecars go on as they were told last. */
  get current(): Counting | undefined {
    return this.#current;
  }

  /** Looks at the Secrets that say where to count. */
  look(secrets: OwnSecrets): void {
    const found = countingBy(this.#settings, secrets);
    // Not known any more is no news.
    if (found === undefined || JSON.stringify(found) === JSON.stringify(this.#current)) return;
    this.#current = found;
    switch (found.kind) {
      case 'memory':
        break;
      case 'nowhere':
        this.#log.error({ reason: found.impediment }, 'global rate limits cannot be counted');
        break;
      case 'redis':
        this.#log.info(
          { tls: found.url.startsWith('rediss:'), certificate: found.certificate !== undefined },
          'global rate limits are to be counted in Redis',
        );
        break;
      default:
        found satisfies never;
    }
  }
}
