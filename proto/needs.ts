import { type DescMessage, getOption, type MessageShape } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { sluiceRegistry } from './load.ts';

/**
 * Fills in field 1, `needs`, of a filter configuration: the highest `since` of the fields that are set in it, at any
 * depth. A filter that knows less refuses the message instead of ignoring what it does not know
 * (`sluice/filter/v1/needs.proto`).
 */
export function withNeeds<D extends DescMessage>(desc: D, message: MessageShape<D>): MessageShape<D> {
  return { ...message, needs: needsOf(reflect(desc, message)) };
}

function needsOf(message: ReflectMessage): number {
  return message.fields
    .filter((field) => message.isSet(field))
    .reduce((highest, field) => Math.max(highest, sinceOf(field), ...membersOf(message, field).map(needsOf)), 0);
}

type Field = ReflectMessage['fields'][number];

function sinceOf(field: Field): number {
  const since = sluiceRegistry().getExtension('sluice.filter.v1.since');
  if (since === undefined) throw new Error('sluice.filter.v1.since is not among the descriptors');
  const value: unknown = getOption(field, since);
  return typeof value === 'number' ? value : 0;
}

function membersOf(message: ReflectMessage, field: Field): readonly ReflectMessage[] {
  switch (field.fieldKind) {
    case 'message':
      return [message.get(field)].filter((value) => isReflect(value));
    case 'list':
      return field.listKind === 'message' ? [...message.get(field)].filter((value) => isReflect(value)) : [];
    case 'scalar':
    case 'enum':
    case 'map':
      return [];
    default:
      return field satisfies never;
  }
}

function isReflect(value: unknown): value is ReflectMessage {
  return typeof value === 'object' && value !== null && 'desc' in value && 'fields' in value;
}
