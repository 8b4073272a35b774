import { isIPv4 } from 'node:net';
import type { PathMatch } from '#controller/api/gen/types.d.ts';
import type { AddressBlockIr, PathConditionIr } from '../../ir/match.ts';
import type { RegexBudget } from '../../regex/automaton.ts';
import { needsOtherThan } from '../../regex/needed-characters.ts';
import { Remembered } from '../../regex/remembered.ts';
import { PATH_CHARACTERS, pathProblem, writtenPath } from '../../resources/path.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** Resolves a comparison of the path. A prefix is one of path elements, as in Gateway API. */
export function resolvePathMatch(
  { type, value, invert }: PathMatch,
  budget: RegexBudget,
): Outcome<PathConditionIr, 'Invalid'> {
  switch (type) {
    case 'Exact':
      return found(value, (path) => ({ match: { kind: 'exact', value: path }, invert }));
    case 'PathPrefix':
      return found(value, (path) => ({ match: { kind: 'prefix', value: path.replace(/\/+$/u, '') }, invert }));
    case 'RegularExpression': {
      const automaton = budget.compile(value);
      if (automaton.ok && !canMatch(value)) return refusal('Invalid', NEVER_MATCHES);
      return automaton.ok ? success({ match: { kind: 'regex', automaton: automaton.value }, invert }) : automaton;
    }
    default:
      return type satisfies never;
  }
}

/** Patterns that are the same in thousands of rules are read once. */
const verdicts = new Remembered<boolean>(1_000_000);

function canMatch(pattern: string): boolean {
  return verdicts.get(
    pattern,
    () => !needsOtherThan(pattern, PATH_CHARACTERS),
    () => 1,
  );
}

const NEVER_MATCHES =
  'found a regular expression that needs a character which no path has when it is compared, accepted are those that Envoy leaves as they are: others are percent-encoded (%7C for |, %C3%A9 for é), and the query is no part of the path';

/** A path as requests have it; a rule that could never match is refused. */
function found(value: string, condition: (path: string) => PathConditionIr): Outcome<PathConditionIr, 'Invalid'> {
  const path = writtenPath(value);
  const problem = pathProblem(path);
  return problem === undefined ? success(condition(path)) : refusal('Invalid', problem);
}

/** A block of addresses of text that is one ("10.0.0.0/8", "fd00::/8"); IPv4 within IPv6 is IPv4. */
export function addressBlock(cidr: string): AddressBlockIr {
  const [address = '', length = ''] = cidr.split('/');
  const bytes = isIPv4(address) ? ipv4Bytes(address) : ipv6Bytes(address);
  const prefixLength = Number(length);
  const isMapped = bytes.length === 16 && prefixLength >= 96 && MAPPED.every((byte, index) => bytes[index] === byte);
  return isMapped
    ? { network: masked(bytes.slice(12), prefixLength - 96), prefixLength: prefixLength - 96 }
    : { network: masked(bytes, prefixLength), prefixLength };
}

/** How addresses begin that are IPv4 within IPv6 (RFC 4291 section 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function ipv4Bytes(address: string): readonly number[] {
  return address.split('.').map(Number);
}

function ipv6Bytes(address: string): readonly number[] {
  // The URL parser writes every address in one way, an IPv4 tail in hexadecimal.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = '', after] = written.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(before), groups(after ?? '')];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function masked(bytes: readonly number[], prefixLength: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - index * 8))));
}
