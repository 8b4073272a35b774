import type { Claim } from '../policies/policy-index.ts';
import { isInvalid, type Policy } from '../policies/targets.ts';
import { compare, tableKey } from '../resources/resources.ts';
import type { PolicyTable } from './policy-table.ts';

/** Where policies may say something else than before. */
export interface PolicyChanges {
  /** Gateways, as "<namespace>/<name>": everything on them. */
  readonly gateways: ReadonlySet<string>;
  /** ListenerSets, as "<namespace>/<name>": everything on them. */
  readonly sets: ReadonlySet<string>;
  /** Routes by their `tableKey`, in order. */
  readonly routes: readonly string[];
}

/** Where the policies of some kinds say something else than others of the same kinds; `undefined` for anywhere. */
export function policyChanges(
  pairs: readonly { readonly before: PolicyTable; readonly now: PolicyTable }[],
): PolicyChanges | undefined {
  const gateways = new Set<string>();
  const sets = new Set<string>();
  const routes = new Set<string>();
  for (const { before, now } of pairs) {
    if (before === now) continue;
    for (const { target } of changedClaims(before, now)) {
      if (target.kind === 'Gateway') gateways.add(`${target.namespace}/${target.name}`);
      else if (target.kind === 'ListenerSet') sets.add(`${target.namespace}/${target.name}`);
      else routes.add(tableKey(target.namespace, target.name));
    }
  }
  return { gateways, sets, routes: [...routes].sort(compare) };
}

function changedClaims(before: PolicyTable, now: PolicyTable): readonly Claim<Policy>[] {
  const found: Claim<Policy>[] = [];
  for (const [key, claim] of now.index.claims) {
    if (!comesToTheSame(before.index.claims.get(key), before, claim, now)) found.push(claim);
  }
  for (const [key, claim] of before.index.claims) if (!now.index.claims.has(key)) found.push(claim);
  return found;
}

/** Whether a policy on a target is the same and comes to the same, by itself and merged into any of its parents. */
function comesToTheSame(old: Claim<Policy> | undefined, before: PolicyTable, claim: Claim<Policy>, now: PolicyTable) {
  const { policy } = claim;
  if (old?.policy !== policy) return false;
  if (isInvalid(policy)) return true;
  if (before.outcomes.get(policy) !== now.outcomes.get(policy)) return false;
  const [had, has] = [before.merged.get(policy), now.merged.get(policy)];
  return had?.size === has?.size && [...(has ?? [])].every(([parent, outcome]) => had?.get(parent) === outcome);
}
