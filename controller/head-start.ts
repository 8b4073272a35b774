import type { OpenProxy } from './infra/infra.ts';

/**
 * Proxies that are opened before anything has been translated, because their Gateways were seen: while an Envoy starts, the
 * controller reads the rest. A guess that was wrong costs two processes for a moment; nothing is ever served from it.
 */
export class HeadStart {
  readonly #opening: Map<string, Promise<OpenProxy>>;

  constructor(keys: Iterable<string>, open: (key: string) => Promise<OpenProxy>) {
    this.#opening = new Map([...keys].map((key) => [key, open(key)]));
    // Whoever takes it learns of the failure.
    for (const opening of this.#opening.values()) opening.catch(() => undefined);
  }

  /** Resolves when the processes of all have been started, or cannot be. */
  async opened(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
  }

  /** Gives a proxy away, to be closed by whoever takes it; `undefined` for one that was not guessed. */
  take(key: string): Promise<OpenProxy> | undefined {
    const opening = this.#opening.get(key);
    this.#opening.delete(key);
    return opening;
  }

  /** Closes what nobody has taken, save these that will be. */
  async closeOthers(wanted: ReadonlySet<string> = new Set()): Promise<void> {
    const others = [...this.#opening].filter(([key]) => !wanted.has(key));
    for (const [key] of others) this.#opening.delete(key);
    await Promise.allSettled(others.map(async ([, opening]) => (await opening).close()));
  }
}

type Document = { readonly [field: string]: unknown };

/**
 * The keys of the proxies that these documents will most likely have: of each Gateway of a GatewayClass of ours. None where
 * Gateways may be merged, which takes more to tell.
 */
export function likelyProxies(documents: readonly unknown[], controllerName: string): readonly string[] {
  const objects = documents.filter(isObject);
  const named = (kind: string): readonly Document[] => objects.filter((object) => object['kind'] === kind);
  if (named('EnvoyProxy').some((object) => at(object, 'spec')['mergeGateways'] === true)) return [];
  const classes = new Set(
    named('GatewayClass')
      .filter((object) => at(object, 'spec')['controllerName'] === controllerName)
      .map((object) => at(object, 'metadata')['name']),
  );
  return named('Gateway').flatMap((object) => {
    const { name, namespace = 'default' } = at(object, 'metadata');
    if (typeof name !== 'string' || typeof namespace !== 'string') return [];
    return classes.has(at(object, 'spec')['gatewayClassName']) ? [`${namespace}/${name}`] : [];
  });
}

function at(object: Document, field: string): Document {
  const value = object[field];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null;
}
