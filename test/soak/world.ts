import type { RedisServer } from '#extproc/rate-limit/testing/redis-server.ts';
import type { issuer } from '#wasm-filters/testing/issuer.ts';
import type { Entrance } from './answers.ts';
import type { ModuleServer } from './module-server.ts';

/** Who issues tokens: in Envoy they are verified, or by the sidecar. */
export type Keys = { readonly [name in 'envoy' | 'sidecar']: ReturnType<typeof issuer> };

/** A back-end that answers with its letter, or `app`, whose endpoints are of either. */
export type BackEnd = 'a' | 'b' | 'app';

/** What routes are made with. */
export interface Makings {
  readonly keys: Keys;
  readonly modules: ModuleServer;
  /** A reference to a back-end. */
  readonly to: (backEnd: BackEnd) => object;
}

/** What is soaked, as far as its routes and what changes them are the same wherever it runs. */
export interface World extends Makings {
  readonly http: Entrance;
  readonly https: Entrance;
  readonly redis: RedisServer;
  /** Puts objects in place, under a name: those that it names already are changed. */
  readonly put: (name: string, objects: readonly object[]) => Promise<void>;
  /** Takes away what was put under a name. */
  readonly remove: (name: string) => Promise<void>;
}

/** Who issues no token that ends within a soak. */
export const FOREVER = { exp: 4_102_444_800 } as const;

/** The most that a change may take to show. Milliseconds. */
export const PATIENCE = 60_000;
