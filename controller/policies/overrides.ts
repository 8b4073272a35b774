import { parentGateway } from '../resources/parent-gateway.ts';
import type { Resources } from '../resources/resources.ts';
import { type PolicyIndex, placeOf } from './policy-index.ts';
import type { Policy, Target } from './targets.ts';

/** What has a policy of its own below a Gateway: a listener, a ListenerSet or a listener of it, or a route. */
export interface Scope {
  readonly kind: 'listener' | 'set' | 'set-listener' | 'route';
  /** "<namespace>/<name>", of a listener "<namespace>/<gateway or set>/<listener>". */
  readonly name: string;
}

/** The policies of one kind that take the place of others, by where they are. */
export interface Overrides {
  /** What below a Gateway, ListenerSet or listener has a policy of its own. */
  below(target: Target): readonly Scope[];
  /** The rules of a route that have a policy of their own, by name. */
  rulesOf(route: Target): readonly string[];
}

/** Finds which policies of a kind take the place of less specific ones. */
export function overridesOf<P extends Policy>(index: PolicyIndex<P>, resources: Resources): Overrides {
  /** By `placeOf` what is right below. */
  const below = new Map<string, Map<string, Scope>>();
  const rules = new Map<string, Set<string>>();
  const add = (parent: string, scope: Scope): void => {
    const known = below.get(parent) ?? new Map<string, Scope>();
    below.set(parent, known.set(`${scope.kind} ${scope.name}`, scope));
  };
  /** A ListenerSet is below its Gateway, and not below the listeners of the Gateway's own. */
  const addToGateway = (namespace: string, set: string, scope: Scope): void => {
    const found = resources.get('ListenerSet', namespace, set);
    const gateway = found === undefined ? undefined : parentGateway(found);
    if (gateway !== undefined) add(setsOf(gateway), scope);
  };
  for (const target of [...index.targets.values()].flat()) {
    const { kind, namespace, name, sectionName } = target;
    const own = `${namespace}/${name}`;
    if (kind === 'Gateway') {
      if (sectionName !== undefined) add(own, { kind: 'listener', name: `${own}/${sectionName}` });
    } else if (kind === 'ListenerSet') {
      const scope: Scope =
        sectionName === undefined
          ? { kind: 'set', name: own }
          : { kind: 'set-listener', name: `${own}/${sectionName}` };
      addToGateway(namespace, name, scope);
      if (sectionName !== undefined) add(placeOf({ ...target, sectionName: undefined }), scope);
    } else {
      if (sectionName !== undefined) {
        rules.set(`${kind}/${own}`, (rules.get(`${kind}/${own}`) ?? new Set()).add(sectionName));
      }
      for (const ref of resources.get(kind, namespace, name)?.spec.parentRefs ?? []) {
        if (ref.kind !== 'Gateway' && ref.kind !== 'ListenerSet') continue;
        const parent = { kind: ref.kind, namespace: ref.namespace ?? namespace, name: ref.name } as const;
        const scope: Scope = { kind: 'route', name: own };
        add(placeOf({ ...parent, sectionName: ref.sectionName }), scope);
        if (ref.kind === 'ListenerSet') addToGateway(parent.namespace, ref.name, scope);
      }
    }
  }
  const rightBelow = (target: Target): readonly Scope[] => [...(below.get(placeOf(target))?.values() ?? [])];
  return {
    below: (target) => {
      const whole = { ...target, sectionName: undefined };
      const all = rightBelow(whole);
      if (target.sectionName !== undefined) {
        // A route that names the whole is on this listener, too.
        return distinct([...rightBelow(target), ...all.filter(({ kind }) => kind === 'route')]);
      }
      const { kind, namespace, name } = target;
      if (kind !== 'Gateway' && kind !== 'ListenerSet') return distinct(all);
      const listeners = resources.get(kind, namespace, name)?.spec.listeners ?? [];
      const inSets = kind === 'Gateway' ? [...(below.get(setsOf(target))?.values() ?? [])] : [];
      return distinct([
        ...all,
        ...listeners.flatMap((one) => rightBelow({ ...target, sectionName: one.name })),
        ...inSets,
      ]);
    },
    rulesOf: ({ kind, namespace, name }) => [...(rules.get(`${kind}/${namespace}/${name}`) ?? [])].sort(),
  };
}

/** Stands for all ListenerSets of a Gateway. */
function setsOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `sets of ${namespace}/${name}`;
}

function distinct(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Map(scopes.map((scope) => [`${scope.kind} ${scope.name}`, scope])).values()];
}

const LABELS = {
  listener: 'these gateway listeners',
  set: 'these listenersets',
  'set-listener': 'these listenerset listeners',
  route: 'these routes',
} as const;

/** Scopes in words: "these gateway listeners: [a/b/http] and these routes: [a/one a/two]"; empty for none. */
export function scopesInWords(scopes: readonly Scope[]): string {
  return (['listener', 'set', 'set-listener', 'route'] as const)
    .flatMap((kind) => {
      const names = scopes.filter((scope) => scope.kind === kind).map(({ name }) => name);
      return names.length === 0 ? [] : [`${LABELS[kind]}: [${names.sort().join(' ')}]`];
    })
    .join(' and ');
}
