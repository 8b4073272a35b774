import type { AddressBlockIr, AutomatonIr, PathConditionIr } from '../../ir/match.ts';
import type { Init } from '../../xds/build/message.ts';

/** A comparison of the path as filters read it. */
export function pathMatchConfig({ match, invert }: PathConditionIr): Init<'sluice.filter.v1.PathMatch'> {
  switch (match.kind) {
    case 'exact':
      return { kind: { case: 'exact', value: match.value }, invert };
    case 'prefix':
      return { kind: { case: 'prefix', value: match.value }, invert };
    case 'regex':
      return { kind: { case: 'regex', value: automatonConfig(match.automaton) }, invert };
    default:
      return match satisfies never;
  }
}

/** A regular expression as filters read it. */
export function automatonConfig(ir: AutomatonIr): Init<'sluice.filter.v1.Automaton'> {
  const next = Buffer.alloc(ir.next.length * 2);
  for (const [index, target] of ir.next.entries()) next.writeUInt16LE(target, index * 2);
  return {
    classes: ir.classes,
    classCount: ir.classCount,
    next: Uint8Array.from(next),
    accepting: Uint8Array.from(ir.accepting, Number),
  };
}

/** A block of addresses as filters read it. */
export function addressBlockConfig(ir: AddressBlockIr): Init<'sluice.filter.v1.AddressBlock'> {
  return { network: Uint8Array.from(ir.network), prefixLength: ir.prefixLength };
}
