import type {
  BackendTrafficPolicy,
  RateLimitCostSpecifier,
  RateLimitRule,
  RateLimitSpec,
  RateLimitValue,
} from '#controller/api/gen/types.d.ts';
import type { CostIr, LimitIr, RateLimitIr } from '../../ir/rate-limit.ts';
import { sayingPolicy } from '../../policies/merge.ts';
import type { Policy } from '../../policies/targets.ts';
import { RegexBudget } from '../../regex/automaton.ts';
import type { Problems } from '../../resources/problems.ts';
import type { Settings } from '../../settings.ts';
import { type SelectorPlace, translateSelectors } from './selectors.ts';

/**
 * Annotation of a BackendTrafficPolicy: which part of a limit the workers of a proxy may hold for requests to come, 0 to 1;
 * 0.04 without it. The more they hold, the fewer requests are counted by a call or under a lock; what is held by a worker that
 * gets no requests may be refused to others. With 0 nothing is held: every request of a global limit is counted by a call.
 */
export const LEASE_ANNOTATION = 'sluice.dev/rate-limit-lease';
const DEFAULT_LEASE = 0.04;

/** Lengths of windows in seconds, as Envoy Gateway and Envoy's rate limit service have them. */
const SECONDS: { readonly [U in RateLimitValue['unit']]: number } = {
  Second: 1,
  Minute: 60,
  Hour: 3600,
  Day: 86_400,
  Week: 604_800,
  Month: 2_592_000,
  Year: 31_536_000,
};

/**
 * Translates `rateLimit` of a policy. A limit is counted under the name of the policy that says it and its place there, into
 * whatever others that policy is merged: they share its counters (Envoy Gateway keeps the names of a Gateway's rules, too).
 */
export function translateRateLimit(
  spec: RateLimitSpec,
  policy: BackendTrafficPolicy,
  settings: Settings,
  problems: Problems,
): RateLimitIr {
  checkType(spec, problems);
  const share = shareOf(policy, problems);
  const at = { problems, budget: new RegexBudget() };
  const limits = (kind: 'local' | 'global', rules: readonly RateLimitRule[]): readonly LimitIr[] => {
    const counts = new Map<Policy, number>();
    return rules.map((rule, index) => {
      const owner = sayingPolicy(policy, rule);
      const place = counts.get(owner) ?? 0;
      counts.set(owner, place + 1);
      const { namespace, name } = owner.metadata;
      return limit(
        rule,
        {
          field: `rateLimit.${kind}.rules[${index}]`,
          name: `${namespace}/${name}/${kind}/${place}`,
          isLocal: kind === 'local',
          lease: (owner === policy ? share : shareOf(owner, problems)) / settings.workers(undefined),
          open: !settings.rateLimitsFailClosed,
        },
        at,
      );
    });
  };
  return {
    local: limits('local', spec.local?.rules ?? []),
    global: limits('global', spec.global?.rules ?? []),
    timeout: settings.rateLimitTimeout,
  };
}

/** `type` is from when a policy had limits of one kind only. */
function checkType({ type, global, local }: RateLimitSpec, problems: Problems): void {
  if (global === undefined && local === undefined) {
    problems.add('rateLimit', 'found neither global nor local, accepted is one of them or both');
  } else if (type === 'Global' && (global === undefined || local !== undefined)) {
    problems.add('rateLimit.type', 'found Global, accepted with it is global alone');
  } else if (type === 'Local' && (local === undefined || global !== undefined)) {
    problems.add('rateLimit.type', 'found Local, accepted with it is local alone');
  }
}

function shareOf({ metadata }: Policy, problems: Problems): number {
  const text = metadata.annotations?.[LEASE_ANNOTATION];
  const share = text === undefined ? DEFAULT_LEASE : Number(text);
  if (text === undefined || (/^[\d.]+$/u.test(text) && share >= 0 && share <= 1)) return share;
  problems.add(`rateLimit: annotation ${LEASE_ANNOTATION}`, `found ${JSON.stringify(text)}, accepted is 0 to 1`);
  return 0;
}

interface Placed {
  readonly field: string;
  readonly name: string;
  readonly isLocal: boolean;
  /** The part of a limit that one worker may hold. */
  readonly lease: number;
  readonly open: boolean;
}

function limit(rule: RateLimitRule, { field, name, isLocal, lease, open }: Placed, place: SelectorPlace): LimitIr {
  const { requests, unit } = rule.limit;
  const selectors = translateSelectors(rule.clientSelectors ?? [], `${field}.clientSelectors`, place);
  const request = rule.cost?.request;
  return {
    name,
    shared: rule.shared ?? false,
    selectors,
    otherwise: isLocal && (rule.clientSelectors ?? []).length === 0,
    requests,
    window: SECONDS[unit],
    lease: Math.floor(requests * lease),
    cost: request === undefined ? undefined : cost(request, `${field}.cost.request`, place.problems),
    shadow: rule.shadowMode ?? false,
    headers: rule.xRateLimitHeaders === undefined ? undefined : rule.xRateLimitHeaders !== 'Off',
    open: !isLocal && open,
  };
}

function cost({ from, number, metadata }: RateLimitCostSpecifier, field: string, problems: Problems): CostIr {
  switch (from) {
    case 'Number':
      if (number === undefined) problems.add(`${field}.number`, 'found none, accepted is a number');
      return { kind: 'number', number: problems.within(number, `${field}.number`, 0) ?? 0 };
    case 'Metadata':
      if (metadata === undefined) problems.add(`${field}.metadata`, 'found none, accepted is a namespace and a key');
      return { kind: 'metadata', namespace: metadata?.namespace ?? '', key: metadata?.key ?? '' };
    default:
      return from satisfies never;
  }
}
