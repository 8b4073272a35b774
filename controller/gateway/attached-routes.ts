import type { Gateway } from '#controller/api/gen/types.d.ts';
import { type Pieces, unequalParts } from '../ir/pieces.ts';
import type { AttachedRoute } from './attach-routes.ts';
import { isAccepted } from './route-core.ts';

/** How many routes are attached to each listener, by its name in xDS. */
export type AttachedCounts = ReadonlyMap<string, number>;

interface Memory {
  readonly routes: Pieces<AttachedRoute>;
  readonly counts: AttachedCounts;
}

const memories = new WeakMap<Gateway, Memory>();

/**
 * Counts the routes on each listener of a Gateway and its ListenerSets that are accepted (Gateway API,
 * `ListenerStatus.attachedRoutes`): only pieces that came or went are counted again.
 */
export function attachedRoutes({
  gateway,
  routes,
}: {
  readonly gateway: Gateway;
  readonly routes: Pieces<AttachedRoute>;
}): AttachedCounts {
  const last: Memory = memories.get(gateway) ?? { routes: [], counts: new Map<string, number>() };
  if (last.routes === routes) return last.counts;
  const [gone, came] = unequalParts(last.routes, routes);
  const changes = new Map<string, number>();
  const add = (found: Pieces<AttachedRoute>, by: 1 | -1): void => {
    for (const piece of found) {
      for (const { core, attachments } of piece) {
        if (!isAccepted(core)) continue;
        for (const { listener, instead } of attachments) {
          if (instead === undefined) changes.set(listener.name, (changes.get(listener.name) ?? 0) + by);
        }
      }
    }
  };
  add(gone, -1);
  add(came, 1);
  const isSame = changes.values().every((by) => by === 0);
  const counts = isSame ? last.counts : sum(last.counts, changes);
  memories.set(gateway, { routes, counts });
  return counts;
}

function sum(counts: AttachedCounts, changes: ReadonlyMap<string, number>): AttachedCounts {
  const now = new Map(counts);
  for (const [name, by] of changes) {
    const count = (now.get(name) ?? 0) + by;
    if (count === 0) now.delete(name);
    else now.set(name, count);
  }
  return now;
}
