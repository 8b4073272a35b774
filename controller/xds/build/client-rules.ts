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

function isClient(clients: readonly AddressBlockIr[]): Predicate {
  const cidrRanges = clients.map(({ network, prefixLength }) => ({
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
