import { createHash } from 'node:crypto';
import { enumMembers } from '#proto/load.ts';
import type { RewriteHeaderIr, RewritesIr } from '../../ir/header-rewrite.ts';
import { headerChanges } from '../../xds/build/headers.ts';
import type { Init } from '../../xds/build/message.ts';

type HeaderValueOption = Init<'envoy.config.core.v3.HeaderValueOption'>;

const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = enumMembers(
  'envoy.config.core.v3.HeaderValueOption.HeaderAppendAction',
);

/** Changes of response headers that Envoy makes by itself, on answers of its own, too. */
export interface NativeResponse {
  readonly toAdd: readonly HeaderValueOption[];
  /** Removed before others are added. */
  readonly toRemove: readonly string[];
  /** The headers that only the policy says anything about. */
  readonly owned: readonly string[];
}

/** A value that a response takes from its request, and the filter state in which the filter keeps it. */
export interface ResponseSlot {
  /** It is the filter state "wasm.<slot>". */
  readonly slot: string;
  readonly change: RewriteHeaderIr;
}

/** The values that responses take from requests. Equal ones have one slot, of different ones no two. */
export function responseSlots({ set, add }: RewritesIr): readonly ResponseSlot[] {
  const changes = [...set, ...add].filter(({ from }) => from.length > 0);
  return [...new Map(changes.map((change) => [slotOf(change), { slot: slotOf(change), change }])).values()];
}

function slotOf({ value, from, prefix }: RewriteHeaderIr): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([value, from, prefix]))
    .digest('hex');
  return `sluice.response.${digest.slice(0, 16)}`;
}

/** The changes of responses as a route carries them. */
export function nativeResponse({ set, add, remove }: RewritesIr): NativeResponse {
  const options = (changes: readonly RewriteHeaderIr[], list: 'set' | 'add'): readonly HeaderValueOption[] =>
    changes.flatMap((change) =>
      change.from.length === 0
        ? headerChanges({ set: [], add: [], remove: [], [list]: [change] }).toAdd
        : taken(change, list),
    );
  const setNames = set.map(({ name }) => name);
  return {
    toAdd: [...options(set, 'set'), ...options(add, 'add')],
    // Also what is set: without a value nothing takes the place of what the back-end has said.
    toRemove: [...setNames, ...remove],
    owned: [...setNames, ...remove],
  };
}

/** The same changes as a route carries them that answers by itself: what filters answer there has no changes of the route. */
export function responseMutations({
  toAdd,
  toRemove,
}: NativeResponse): readonly Init<'envoy.config.common.mutation_rules.v3.HeaderMutation'>[] {
  return [
    ...toRemove.map((name) => ({ action: { case: 'remove', value: name } }) as const),
    ...toAdd.map((option) => ({ action: { case: 'append', value: option } }) as const),
  ];
}

function taken(change: RewriteHeaderIr, list: 'set' | 'add'): HeaderValueOption {
  return {
    header: { key: change.name, value: `%FILTER_STATE(wasm.${slotOf(change)}:PLAIN)%` },
    appendAction: list === 'set' ? OVERWRITE_IF_EXISTS_OR_ADD : APPEND_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  };
}
