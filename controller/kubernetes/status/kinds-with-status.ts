import { kinds } from '#controller/api/kinds.ts';

/** Kinds of our groups of which nothing is said, and those of others, whose statuses are others'. */
const WITHOUT: ReadonlySet<string> = new Set(['ReferenceGrant', 'HTTPRouteFilter']);

/** The kinds whose statuses are written. */
export const kindsWithStatus = kinds.filter(
  ({ group, kind }) =>
    (group === 'gateway.networking.k8s.io' || group === 'gateway.envoyproxy.io') && !WITHOUT.has(kind),
);

const names: ReadonlySet<string> = new Set(kindsWithStatus.map(({ kind }) => kind));

/** Whether the status of a kind, by its name, is written. */
export function hasStatus(kind: string): boolean {
  return names.has(kind);
}
