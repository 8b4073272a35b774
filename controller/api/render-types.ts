import type { KindSchema } from './kind.ts';
import type { ObjectSchema, Schema } from './schema.ts';
import { unreachable } from './unreachable.ts';

/**
 * Renders the TypeScript declarations of kinds, and of named objects that are no kind: schemas in, one `.d.ts` text out, the same for the same schemas.
 *
 * A field with a default is not optional, because validation fills it in; everything is read-only, because resources are shared.
 */
export function renderTypes(kinds: readonly KindSchema[], others: readonly ObjectSchema[] = []): string {
  const interfaces = new Map<string, string>();
  for (const schema of [...kinds.map((kind) => kind.schema), ...others]) collect(schema, interfaces);
  const names = kinds.map(({ kind }) => kind);
  return [
    '/* Generated from the schemas in controller/api by generate-types.ts. Do not edit. */',
    '/** Any JSON value. */',
    'export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };',
    ...interfaces.values(),
    '/** Every kind by its name. */',
    `export interface ResourceByKind {\n${names.map((name) => `  readonly ${name}: ${name};`).join('\n')}\n}`,
    'export type KindName = keyof ResourceByKind;',
    'export type ResourceOf<K extends KindName> = ResourceByKind[K];',
    `export type Resource =\n${names.map((name) => `  | ${name}`).join('\n')};`,
    '',
  ].join('\n\n');
}

function collect(schema: Schema, interfaces: Map<string, string>): void {
  for (const child of childrenOf(schema)) collect(child, interfaces);
  if (schema.type !== 'object' || schema.name === undefined) return;
  const text = `export interface ${schema.name} ${body(schema, '')}`;
  const known = interfaces.get(schema.name);
  if (known !== undefined && known !== text) {
    throw new Error(`schema name ${schema.name} stands for two shapes:\n${known}\n${text}`);
  }
  interfaces.set(schema.name, text);
}

function childrenOf(schema: Schema): readonly Schema[] {
  switch (schema.type) {
    case 'object':
      return Object.values(schema.properties);
    case 'map':
      return [schema.values];
    case 'array':
      return [schema.items];
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'int-or-string':
    case 'json':
      return [];
    default:
      return unreachable(schema);
  }
}

function body(schema: ObjectSchema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties).map(([field, property]) => {
    const optional = property.required === true || property.default !== undefined ? '' : '?';
    return `${docOf(property, inner)}${inner}readonly ${key(field)}${optional}: ${typeOf(property, inner)};`;
  });
  if (schema.preserveUnknown === true) lines.push(`${inner}readonly [field: string]: unknown;`);
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`;
}

function typeOf(schema: Schema, indent: string): string {
  switch (schema.type) {
    case 'object':
      return schema.name ?? body(schema, indent);
    case 'map':
      return `{ readonly [key: string]: ${typeOf(schema.values, indent)} }`;
    case 'array':
      return `readonly ${parenthesised(typeOf(schema.items, indent))}[]`;
    case 'string':
      return schema.enum?.map((value) => `'${value}'`).join(' | ') ?? 'string';
    case 'integer':
      return schema.enum?.join(' | ') ?? 'number';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'int-or-string':
      return 'number | string';
    case 'json':
      return schema.object === true ? '{ readonly [key: string]: Json }' : 'Json';
    default:
      return unreachable(schema);
  }
}

function parenthesised(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type;
}

function key(field: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(field) ? field : `'${field}'`;
}

function docOf(schema: Schema, indent: string): string {
  const lines = [schema.description, schema.deprecated === undefined ? undefined : `@deprecated ${schema.deprecated}`];
  const text = lines.filter((line) => line !== undefined).join(' ');
  return text === '' ? '' : `${indent}/** ${text} */\n`;
}
