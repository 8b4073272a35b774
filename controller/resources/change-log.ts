/** Names that changed, by namespace. */
export type ChangedNames = ReadonlyMap<string, ReadonlySet<string>>;

/** So many changes are known; what was looked at before those is looked at again. */
const KEPT = 512;

/** Remembers which objects of a kind changed last. */
export class ChangeLog {
  /** The version that the table had after each change, ascending. */
  #changes: { readonly version: number; readonly namespace: string; readonly name: string }[] = [];
  /** The version before the first of them. */
  #from = 0;
  #last: { readonly since: number; readonly names: ChangedNames } | undefined;

  /** Notes that an object changed, which made the version of its table this one. */
  note(version: number, namespace: string, name: string): void {
    this.#changes.push({ version, namespace, name });
    this.#last = undefined;
    if (this.#changes.length < 2 * KEPT) return;
    this.#from = this.#changes[KEPT - 1]?.version ?? version;
    this.#changes = this.#changes.slice(KEPT);
  }

  /** What has changed since the table had this version; `undefined` when that is not known any more. */
  since(version: number): ChangedNames | undefined {
    if (version < this.#from) return undefined;
    if (this.#last?.since === version) return this.#last.names;
    const names = new Map<string, Set<string>>();
    for (const { version: at, namespace, name } of this.#changes) {
      if (at <= version) continue;
      const known = names.get(namespace);
      if (known === undefined) names.set(namespace, new Set([name]));
      else known.add(name);
    }
    this.#last = { since: version, names };
    return names;
  }
}
