import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { nearest } from '#controller/api/nearest.ts';
import { registry } from '#proto/load.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** What an operation needs of a place: that something is there, or that something can be put there. */
export type Need = 'value' | 'room' | 'room, made where missing';

/** A mutable JSON document, as a patch works on it. */
export type Document = { [field: string]: unknown };

/** What stands at a place: something of a known type, or JSON of which Envoy's API says nothing. */
type Shape =
  | { readonly kind: 'message'; readonly desc: DescMessage }
  | { readonly kind: 'list' | 'map'; readonly item: Shape }
  | { readonly kind: 'scalar' }
  | { readonly kind: 'free' };

const SCALAR: Shape = { kind: 'scalar' };
const FREE: Shape = { kind: 'free' };

/** The tokens of a JSON pointer (RFC 6901, section 4). */
export function tokensOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The JSON pointer of these tokens. */
export function pointerOf(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * The pointer of a place as the document names its fields, whether it is written with Envoy's names (`typed_config`) or with
 * those of proto JSON (`typedConfig`). Refuses one that leads nowhere, and names the first part of it that does not lead on.
 */
export function resolvePlace(
  document: Document,
  desc: DescMessage,
  pointer: string,
  need: Need,
): Outcome<string, 'Invalid'> {
  let shape: Shape = { kind: 'message', desc };
  let value: unknown = document;
  const passed: string[] = [];
  const tokens = tokensOf(pointer);
  for (const [depth, token] of tokens.entries()) {
    const isLast = depth === tokens.length - 1;
    const step = stepInto(shape, value, token);
    if (!step.ok)
      return refusal('Invalid', `found "${pointer}", and at "${pointerOf(passed)}" ${step.refusal.message}`);
    const { key, next } = step.value;
    passed.push(key);
    const found: unknown = read(value, key);
    shape = next;
    if (found !== undefined) {
      value = found;
      continue;
    }
    if (isLast && need !== 'value') break;
    if (need !== 'room, made where missing' || !isContainer(next)) {
      return refusal('Invalid', `found "${pointer}", but nothing is at "${pointerOf(passed)}"`);
    }
    value = make(value, key, next);
  }
  return success(pointerOf(passed));
}

function stepInto(shape: Shape, value: unknown, token: string): Outcome<{ key: string; next: Shape }, 'Invalid'> {
  if (token === '__proto__' || token === 'constructor' || token === 'prototype') {
    return refusal('Invalid', `"${token}" is no name of a field`);
  }
  if (Array.isArray(value)) {
    const isIndex = token === '-' || (/^(?:0|[1-9]\d{0,8})$/u.test(token) && Number(token) <= value.length);
    if (!isIndex) {
      return refusal(
        'Invalid',
        `"${token}" is no index of a list of ${value.length}; accepted are 0 to ${value.length} and -`,
      );
    }
    return success({ key: token, next: shape.kind === 'list' ? shape.item : FREE });
  }
  if (typeof value !== 'object' || value === null) return refusal('Invalid', `there are no fields, so no "${token}"`);
  switch (shape.kind) {
    case 'message':
      return stepIntoMessage(shape.desc, value, token);
    case 'map':
      return success({ key: token, next: shape.item });
    case 'list':
    case 'scalar':
    case 'free':
      return success({ key: token, next: FREE });
    default:
      return shape satisfies never;
  }
}

function stepIntoMessage(
  desc: DescMessage,
  value: object,
  token: string,
): Outcome<{ key: string; next: Shape }, 'Invalid'> {
  if (desc.typeName === 'google.protobuf.Any') {
    const url = read(value, '@type');
    const inner = typeof url === 'string' ? registry().getMessage(url.slice(url.lastIndexOf('/') + 1)) : undefined;
    if (token === '@type' || inner === undefined) return success({ key: token, next: FREE });
    return stepIntoMessage(inner, value, token);
  }
  if (desc.typeName.startsWith('google.protobuf.')) return success({ key: token, next: FREE });
  const field = desc.fields.find(({ name, jsonName }) => name === token || jsonName === token);
  if (field === undefined) {
    const meant = nearest(
      token,
      desc.fields.map(({ name }) => name),
    );
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return refusal('Invalid', `"${token}" is no field of ${desc.typeName}${hint}`);
  }
  const key = [field.name, field.jsonName].find((name) => read(value, name) !== undefined) ?? field.name;
  return success({ key, next: shapeOf(field) });
}

function shapeOf(field: DescField): Shape {
  switch (field.fieldKind) {
    case 'message':
      return messageShape(field.message);
    case 'list':
      return { kind: 'list', item: field.listKind === 'message' ? messageShape(field.message) : SCALAR };
    case 'map':
      return { kind: 'map', item: field.mapKind === 'message' ? messageShape(field.message) : SCALAR };
    case 'scalar':
    case 'enum':
      return SCALAR;
    default:
      return field satisfies never;
  }
}

/** Google's own types have a JSON form that is not that of their fields. */
function messageShape(desc: DescMessage): Shape {
  const isSpecial = desc.typeName.startsWith('google.protobuf.') && desc.typeName !== 'google.protobuf.Any';
  return isSpecial ? FREE : { kind: 'message', desc };
}

function isContainer({ kind }: Shape): boolean {
  return kind === 'message' || kind === 'list' || kind === 'map';
}

function read(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return key === '-' ? undefined : value[Number(key)];
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

/** Puts what is missing on the way to a place, as `add` asks for (Envoy Gateway does the same). */
function make(parent: unknown, key: string, { kind }: Shape): unknown {
  const made: unknown = kind === 'list' ? [] : {};
  if (Array.isArray(parent)) parent.push(made);
  else if (typeof parent === 'object' && parent !== null) Object.assign(parent, { [key]: made });
  return made;
}
