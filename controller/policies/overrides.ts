import type { Resources } from '../resources/resources.ts';
import type { PolicyIndex } from './policy-index.ts';
import type { Policy, Target } from './targets.ts';

/** What has a policy of its own below a Gateway: a listener of it, or a route. */
export interface Scope {
  readonly kind: 'listener' | 'route';
  /** "<namespace>/<name>", of a listener "<namespace>/<gateway>/<listener>". */
  readonly name: string;
}

/** The policies of one kind that take the place of others, by where they are. */
export interface Overrides {
  /** What below a Gateway or listener has a policy of its own. */
  below(gateway: Target): readonly Scope[];
  /** The rules of a route that have a policy of their own, by name. */
  rulesOf(route: Target): readonly string[];
}

/** Finds which policies of a kind take the place of less specific ones. */
export function overridesOf<P extends Policy>(index: PolicyIndex<P>, resources: Resources): Overrides {
  const below = new Map<string, Map<string, Scope>>();
  const rules = new Map<string, Set<string>>();
  const add = (parent: string, scope: Scope): void => {
    const known = below.get(parent) ?? new Map<string, Scope>();
    below.set(parent, known.set(`${scope.kind} ${scope.name}`, scope));
  };
  for (const target of [...index.targets.values()].flat()) {
    const { kind, namespace, name, sectionName } = target;
    const own = `${namespace}/${name}`;
    if (kind === 'Gateway') {
      if (sectionName !== undefined) add(own, { kind: 'listener', name: `${own}/${sectionName}` });
      continue;
    }
    if (kind === 'ListenerSet') continue;
    if (sectionName !== undefined)
      rules.set(`${kind}/${own}`, (rules.get(`${kind}/${own}`) ?? new Set()).add(sectionName));
    for (const ref of resources.get(kind, namespace, name)?.spec.parentRefs ?? []) {
      if (ref.kind !== 'Gateway') continue;
      const gateway = `${ref.namespace ?? namespace}/${ref.name}`;
      add(ref.sectionName === undefined ? gateway : `${gateway}/${ref.sectionName}`, { kind: 'route', name: own });
    }
  }
  return {
    below: ({ namespace, name, sectionName }) => {
      const gateway = `${namespace}/${name}`;
      const all = [...(below.get(gateway)?.values() ?? [])];
      if (sectionName !== undefined) {
        const own = below.get(`${gateway}/${sectionName}`)?.values() ?? [];
        return distinct([...own, ...all.filter(({ kind }) => kind === 'route')]);
      }
      const listeners = resources.get('Gateway', namespace, name)?.spec.listeners ?? [];
      return distinct([
        ...all,
        ...listeners.flatMap((one) => [...(below.get(`${gateway}/${one.name}`)?.values() ?? [])]),
      ]);
    },
    rulesOf: ({ kind, namespace, name }) => [...(rules.get(`${kind}/${namespace}/${name}`) ?? [])].sort(),
  };
}

function distinct(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Map(scopes.map((scope) => [`${scope.kind} ${scope.name}`, scope])).values()];
}

const LABELS = { listener: 'these gateway listeners', route: 'these routes' } as const;

/** Scopes in words: "these gateway listeners: [a/b/http] and these routes: [a/one a/two]"; empty for none. */
export function scopesInWords(scopes: readonly Scope[]): string {
  return (['listener', 'route'] as const)
    .flatMap((kind) => {
      const names = scopes.filter((scope) => scope.kind === kind).map(({ name }) => name);
      return names.length === 0 ? [] : [`${LABELS[kind]}: [${names.sort().join(' ')}]`];
    })
    .join(' and ');
}
