import type { HeaderChanges, HeaderValues } from '../processor/results.ts';
import type { BackwardWriter } from '../wire/backward-writer.ts';
import { InvalidResult } from './invalid-result.ts';

/** A token (RFC 9110, 5.6.2), or a pseudo-header. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a field value may not hold (RFC 9110, 5.5): control characters other than tab. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Numbers of the fields that are written here, and of an enum's member. */
const MUTATION = { set: 1, remove: 2 } as const;
const OPTION = { header: 1, append: 2, action: 3, keepEmpty: 4 } as const;
const HEADER = { key: 1, rawValue: 3 } as const;
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/**
 * Writes the `envoy.service.ext_proc.v3.HeaderMutation` of these changes as a field.
 * Throws `InvalidResult` on a name or a value that HTTP does not allow.
 */
export function writeHeaderMutation(writer: BackwardWriter, field: number, changes: HeaderChanges): void {
  for (const key of Object.keys(changes)) {
    if (key !== 'set' && key !== 'append' && key !== 'remove') {
      throw new InvalidResult(`header changes have ${key}; accepted are set, append, remove`);
    }
  }
  const { set, append, remove } = changes;
  const mark = writer.mark;
  // To have no value is to be absent.
  for (const name of backwards(Object.keys(set ?? {})))
    if (set?.[name]?.length === 0 && set[name] !== '') removed(writer, name);
  for (const name of backwards(remove ?? [])) removed(writer, name);
  if (append !== undefined) writeValues(writer, append, false);
  if (set !== undefined) writeValues(writer, set, true);
  writer.message(field, mark);
}

function removed(writer: BackwardWriter, name: string): void {
  checkName(name);
  writer.text(MUTATION.remove, name);
}

/** Writes the values of some headers; the first of each may take the place of those there are. */
function writeValues(writer: BackwardWriter, headers: HeaderValues, overwrites: boolean): void {
  for (const name of backwards(Object.keys(headers))) {
    checkName(name);
    const value = headers[name];
    if (typeof value === 'string') writeHeader(writer, name, value, overwrites);
    else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index -= 1) {
        writeHeader(writer, name, value[index], overwrites && index === 0);
      }
    } else throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
  }
}

function writeHeader(writer: BackwardWriter, name: string, value: unknown, overwrites: boolean): void {
  if (typeof value !== 'string') throw new InvalidResult(`header ${name} is a ${typeof value}; accepted are strings`);
  // The value may be a secret, so it is not shown.
  if (FORBIDDEN.test(value)) throw new InvalidResult(`header ${name} has a control character in its value`);
  const option = writer.mark;
  writer.number(OPTION.keepEmpty, 1);
  if (overwrites) writer.number(OPTION.action, OVERWRITE_IF_EXISTS_OR_ADD);
  else {
    // The default action is to append; ext_proc overwrites all the same unless the deprecated `append` says otherwise (Envoy 1.40).
    const append = writer.mark;
    writer.number(1, 1);
    writer.message(OPTION.append, append);
  }
  const header = writer.mark;
  writer.text(HEADER.rawValue, value);
  writer.text(HEADER.key, name.toLowerCase());
  writer.message(OPTION.header, header);
  writer.message(MUTATION.set, option);
}

function backwards<T>(values: readonly T[]): readonly T[] {
  return values.length < 2 ? values : values.toReversed();
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidResult(`${JSON.stringify(name)} is no header name (RFC 9110, 5.6.2)`);
  }
}
