import { createHash } from 'node:crypto';
import type { HeaderRewriteIr, RewriteHeaderIr, RewritesIr, ValueSourceIr } from '../../ir/header-rewrite.ts';
import type { Init } from '../../xds/build/message.ts';
import { responseSlots } from './xds.ts';

/** Header changes as the filter reads them; `undefined` where it has nothing to do about them. `claimsOf` is what decides on claims. */
export function headerRewriteConfig(
  { request, response }: HeaderRewriteIr,
  claimsOf: readonly unknown[],
): Init<'sluice.filter.v1.PolicyHeaders'> | undefined {
  const changesRequest = writtenNames(request).length > 0;
  const slots = responseSlots(response);
  if (!changesRequest && slots.length === 0) return undefined;
  return {
    ...(changesRequest && {
      request: { set: request.set.map(config), add: request.add.map(config), remove: [...request.remove] },
      ahead: ahead(request).map(config),
      digest: createHash('sha256')
        .update(JSON.stringify([request, response, claimsOf], bytesAsText))
        .digest('hex')
        .slice(0, 32),
    }),
    response: slots.map(({ slot, change }) => config({ ...change, name: slot })),
  };
}

function bytesAsText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** The request headers that are changed. */
export function writtenNames({ set, add, remove }: RewritesIr): readonly string[] {
  return [...new Set([...set.map(({ name }) => name), ...add.map(({ name }) => name), ...remove])];
}

/** What is the same however often it is done: it reads no header that is changed. */
function ahead(request: RewritesIr): readonly RewriteHeaderIr[] {
  const written = new Set(writtenNames(request));
  const added = new Set(request.add.map(({ name }) => name));
  const isStable = (source: ValueSourceIr): boolean => {
    if (source.kind === 'cookie') return !written.has('cookie');
    return source.kind !== 'header' || !written.has(source.name);
  };
  return request.set.filter(({ name, from }) => !added.has(name) && from.every(isStable));
}

function config({ name, value, from, prefix }: RewriteHeaderIr): Init<'sluice.filter.v1.HeaderChange'> {
  return { name, value, prefix, from: from.map(valueSource) };
}

function valueSource(ir: ValueSourceIr): Init<'sluice.filter.v1.ValueSource'> {
  switch (ir.kind) {
    case 'header':
      return { source: { case: 'header', value: ir.name } };
    case 'query':
      return { source: { case: 'queryParameter', value: ir.name } };
    case 'cookie':
      return { source: { case: 'cookie', value: ir.name } };
    case 'address':
      return { source: { case: 'clientAddress', value: true } };
    case 'claim':
    case 'session':
      return { source: { case: ir.kind, value: { path: [...ir.path] } } };
    default:
      return ir satisfies never;
  }
}
