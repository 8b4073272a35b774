import type { PatchOperationIr, ResourcePatchIr } from '../ir/patch.ts';

/**
 * Names of the Listeners whose filters of requests may be others than ours by a patch. What such a filter writes may lead a
 * request to another route, as what filters of users write may.
 */
export function listenersWithPatchedFilters(patches: readonly ResourcePatchIr[]): ReadonlySet<string> {
  return new Set(
    patches
      .filter(({ type, operations }) => type === 'listener' && operations.some(isOfFilters))
      .map(({ name }) => name),
  );
}

/** Whether an operation may be about filters of requests; where that cannot be told, it is. */
function isOfFilters(operation: PatchOperationIr): boolean {
  if (operation.op === 'whole') return true;
  const { jsonPath = '' } = operation.at;
  // A name that is spelt out or escaped, and whatever else selects more than what it names.
  return /[*?\\]|\.\./u.test(jsonPath) || /http_?filters/iu.test(JSON.stringify(operation));
}
