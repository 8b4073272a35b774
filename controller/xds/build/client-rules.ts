import { createHash } from 'node:crypto';
import { enumMembers } from '#proto/load.ts';
import type { AddressBlockIr } from '../../ir/match.ts';
import type { ClientRulesIr } from '../../ir/listener.ts';
import { once } from '../../ir/once.ts';
import { any, type Init } from './message.ts';

type Matcher = Init<'xds.type.matcher.v3.Matcher'>;
type OnMatch = Init<'xds.type.matcher.v3.Matcher.OnMatch'>;
type Predicate = Init<'xds.type.matcher.v3.Matcher.MatcherList.Predicate'>;

const RBAC = 'envoy.extensions.filters.network.rbac.v3.RBAC';
const ACTION = 'envoy.config.rbac.v3.Action';
const SOURCE_IP = 'envoy.extensions.matching.common_inputs.network.v3.SourceIPInput';
const IP = 'envoy.extensions.matching.input_matchers.ip.v3.Ip';
const { ALLOW, DENY } = enumMembers('envoy.config.rbac.v3.RBAC.Action');

/** The filter that closes the connections of clients that may not connect: the first rule that matches decides. */
export function clientRulesFilter(rules: ClientRulesIr): Init<'envoy.config.listener.v3.Filter'> {
  return { name: 'envoy.filters.network.rbac', configType: { case: 'typedConfig', value: rbac(rules) } };
}

/** The same text for the same rules. */
export function clientRulesId(rules: ClientRulesIr): string {
  return createHash('sha256').update(rbac(rules).value).digest('hex').slice(0, 16);
}

const rbac = once((rules: ClientRulesIr) => any(RBAC, { statPrefix: 'clients', matcher: matcher(rules) }));

function matcher({ rules, defaultAction }: ClientRulesIr): Matcher {
  const first = rules.findIndex(({ clients }) => clients === undefined);
  const deciding = first < 0 ? rules : rules.slice(0, first);
  const matchers = deciding.map(({ action, clients = [] }) => ({
    predicate: isClient(clients),
    onMatch: decide(action),
  }));
  return {
    ...(matchers.length === 0 ? {} : { matcherType: { case: 'matcherList', value: { matchers } } }),
    onNoMatch: decide(rules[first]?.action ?? defaultAction),
  };
}

/** How addresses begin that are IPv4 within IPv6 (RFC 4291 section 2.5.5.2): a proxy that listens on both writes IPv4 so. */
const MAPPED: AddressBlockIr = {
  network: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0),
  prefixLength: 96,
};

/** Envoy takes an address that is IPv4 within IPv6 for one of IPv6; here it is one of IPv4, as for requests. */
function isClient(clients: readonly AddressBlockIr[]): Predicate {
  const inside = isWithin(clients.flatMap((block) => (isIPv4(block) ? [block, mapped(block)] : [block])));
  if (!clients.some(hasMapped)) return inside;
  const [four, six] = [clients.filter(isIPv4), clients.filter((block) => !isIPv4(block))];
  const notMapped: Predicate = { matchType: { case: 'notMatcher', value: isWithin([MAPPED]) } };
  const onlySix: Predicate = { matchType: { case: 'andMatcher', value: { predicate: [isWithin(six), notMapped] } } };
  return four.length === 0
    ? onlySix
    : { matchType: { case: 'orMatcher', value: { predicate: [isClient(four), onlySix] } } };
}

function isIPv4({ network }: AddressBlockIr): boolean {
  return network.length === 4;
}

function mapped({ network, prefixLength }: AddressBlockIr): AddressBlockIr {
  return {
    network: Uint8Array.of(...MAPPED.network.subarray(0, 12), ...network),
    prefixLength: MAPPED.prefixLength + prefixLength,
  };
}

/** Whether a block of IPv6 has those that are IPv4 within IPv6. */
function hasMapped({ network, prefixLength }: AddressBlockIr): boolean {
  if (network.length === 4 || prefixLength > MAPPED.prefixLength) return false;
  return network.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte === ((MAPPED.network[index] ?? 0) & (0xff00 >> bits));
  });
}

function isWithin(blocks: readonly AddressBlockIr[]): Predicate {
  const cidrRanges = blocks.map(({ network, prefixLength }) => ({
    addressPrefix: textOf(network),
    prefixLen: prefixLength,
  }));
  return {
    matchType: {
      case: 'singlePredicate',
      value: {
        input: { name: 'source-ip', typedConfig: any(SOURCE_IP, {}) },
        matcher: {
          case: 'customMatch',
          value: { name: 'clients', typedConfig: any(IP, { cidrRanges, statPrefix: 'clients' }) },
        },
      },
    },
  };
}

/** An address of 4 or 16 bytes as text. */
function textOf(network: Uint8Array): string {
  if (network.length === 4) return network.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => network.subarray(2 * index, 2 * index + 2));
  return groups.map(([high = 0, low = 0]) => (high * 256 + low).toString(16)).join(':');
}

function decide(action: ClientRulesIr['defaultAction']): OnMatch {
  const typedConfig = any(ACTION, { name: action, action: action === 'Allow' ? ALLOW : DENY });
  return { onMatch: { case: 'action', value: { name: action, typedConfig } } };
}
