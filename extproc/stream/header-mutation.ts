import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { MessageTypes } from '#proto/load.ts';
import type { HeaderChanges, HeaderValues } from '../processor/results.ts';
import { enums } from './enums.ts';
import { InvalidResult } from './invalid-result.ts';

type Init<K extends keyof MessageTypes> = MessageInitShape<GenMessage<MessageTypes[K]>>;
type SetHeader = Init<'envoy.config.core.v3.HeaderValueOption'>;

/** A token (RFC 9110, 5.6.2), or a pseudo-header. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a field value may not hold (RFC 9110, 5.5): control characters other than tab. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * Gives the `envoy.service.ext_proc.v3.HeaderMutation` of these changes.
 * Throws `InvalidResult` on a name or a value that HTTP does not allow.
 */
export function headerMutation(changes: HeaderChanges): Init<'envoy.service.ext_proc.v3.HeaderMutation'> {
  for (const key of Object.keys(changes)) {
    if (key !== 'set' && key !== 'append' && key !== 'remove') {
      throw new InvalidResult(`header changes have ${key}; accepted are set, append, remove`);
    }
  }
  const { set = {}, append = {}, remove = [] } = changes;
  remove.forEach(checkName);
  return {
    setHeaders: [...setHeaders(set, 'overwrite'), ...setHeaders(append, 'append')],
    // To have no value is to be absent.
    removeHeaders: [...remove, ...Object.keys(set).filter((name) => set[name]?.length === 0 && set[name] !== '')],
  };
}

/** Whether a value takes the place of those there are, or joins them. */
type Effect = 'overwrite' | 'append';

function setHeaders(values: HeaderValues, first: Effect): SetHeader[] {
  return Object.entries(values).flatMap(([name, value]) => {
    checkName(name);
    return valuesOf(name, value).map((text, index) => setHeader(name, text, index === 0 ? first : 'append'));
  });
}

function valuesOf(name: string, value: HeaderValues[string]): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value;
  throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
}

function setHeader(name: string, value: unknown, effect: Effect): SetHeader {
  if (typeof value !== 'string') throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
  // The value may be a secret, so it is not shown.
  if (FORBIDDEN.test(value)) throw new InvalidResult(`header ${name} has a control character in its value`);
  const header = { key: name.toLowerCase(), rawValue: Buffer.from(value) };
  const { APPEND_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS_OR_ADD } = enums().appendAction;
  switch (effect) {
    case 'overwrite':
      return { header, appendAction: OVERWRITE_IF_EXISTS_OR_ADD, keepEmptyValue: true };
    case 'append':
      // ext_proc takes the default action for an overwrite unless the deprecated `append` says otherwise (Envoy 1.40).
      return { header, appendAction: APPEND_IF_EXISTS_OR_ADD, append: true, keepEmptyValue: true };
    default:
      return effect satisfies never;
  }
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidResult(`${JSON.stringify(name)} is no header name (RFC 9110, 5.6.2)`);
  }
}
