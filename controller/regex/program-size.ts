import type { Ranges, Syntax } from './syntax.ts';

/**
 * How many instructions Envoy's RE2 makes of an expression, at least: one for each byte, and for each range of bytes of a
 * class. Envoy reads texts and expressions as Latin-1, so classes are small. What is counted is there as often as it is
 * counted.
 */
export function programSize(syntax: Syntax): number {
  switch (syntax.kind) {
    case 'empty':
      return 0;
    case 'begin':
    case 'end':
      return 1;
    case 'characters':
      return classSize(syntax.ranges);
    case 'sequence':
      return syntax.parts.reduce((sum, part) => sum + programSize(part), 0);
    case 'choice':
      return syntax.options.reduce((sum, option) => sum + programSize(option), 0);
    case 'repeat':
      return programSize(syntax.of) * Math.max(syntax.most ?? syntax.least, 1);
    default:
      return syntax satisfies never;
  }
}

function classSize(ranges: Ranges): number {
  const bytes = ranges.slice(0, 257).filter(([from]) => from <= 0xff);
  // A range of letters in both cases, A to Z, is one that is compared without case.
  const both = bytes.filter(
    ([from, to]) =>
      from >= 0x41 && to <= 0x5a && bytes.some(([other, last]) => other === from + 0x20 && last === to + 0x20),
  );
  return Math.max(1, bytes.length - both.length);
}
