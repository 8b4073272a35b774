import type { HeaderValueOption_HeaderAppendAction } from '#proto/gen/envoy/config/core/v3/base_pb.d.ts';
import { enumMembers } from '#proto/load.ts';
import type { HeaderChangesIr, HeaderIr } from '../../ir/route.ts';
import type { Init } from './message.ts';

const HeaderAppendAction = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');

type HeaderValueOption = Init<'envoy.config.core.v3.HeaderValueOption'>;

/** What is added to and removed from headers, as routes and weighted clusters carry it. */
export function headerChanges({ set, add, remove }: HeaderChangesIr): {
  readonly toAdd: HeaderValueOption[];
  readonly toRemove: string[];
} {
  return {
    toAdd: [
      ...set.map((header) => option(header, HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)),
      ...add.map((header) => option(header, HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD)),
    ],
    toRemove: [...remove],
  };
}

function option({ name, value }: HeaderIr, appendAction: HeaderValueOption_HeaderAppendAction): HeaderValueOption {
  // Envoy formats these values: a percent sign of the user's is doubled so that it stays one.
  return { header: { key: name, value: value.replaceAll('%', '%%') }, appendAction, keepEmptyValue: true };
}
