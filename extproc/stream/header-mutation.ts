import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { MessageTypes } from '#proto/load.ts';
import type { HeaderChanges, HeaderValues } from '../processor/results.ts';
import { enums } from './enums.ts';
import { InvalidResult } from './invalid-result.ts';

type Init<K extends keyof MessageTypes> = MessageInitShape<GenMessage<MessageTypes[K]>>;
type AppendAction = MessageTypes['envoy.config.core.v3.HeaderValueOption']['appendAction'];
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
  const { APPEND_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS_OR_ADD } = enums().appendAction;
  const remove = changes.remove ?? [];
  remove.forEach(checkName);
  return {
    setHeaders: [
      ...setHeaders(changes.set ?? {}, OVERWRITE_IF_EXISTS_OR_ADD),
      ...setHeaders(changes.append ?? {}, APPEND_IF_EXISTS_OR_ADD),
    ],
    removeHeaders: [...remove],
  };
}

function setHeaders(values: HeaderValues, first: AppendAction): SetHeader[] {
  return Object.entries(values).flatMap(([name, value]) => {
    checkName(name);
    const list = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(list)) throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
    // The first value takes the place of those there are; the others join it.
    return list.map((text, index) =>
      setHeader(name, text, index === 0 ? first : enums().appendAction.APPEND_IF_EXISTS_OR_ADD),
    );
  });
}

function setHeader(name: string, value: unknown, appendAction: AppendAction): SetHeader {
  if (typeof value !== 'string') throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
  // The value may be a secret, so it is not shown.
  if (FORBIDDEN.test(value)) throw new InvalidResult(`header ${name} has a control character in its value`);
  return { header: { key: name.toLowerCase(), rawValue: Buffer.from(value) }, appendAction, keepEmptyValue: true };
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidResult(`${JSON.stringify(name)} is no header name (RFC 9110, 5.6.2)`);
  }
}
