import { httpMethods } from '../gateway-api/http-match.ts';
import { array, boolean, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { pathMatch } from './path-match.ts';
import { uint32 } from './numbers.ts';

const invert = withDefault(boolean(), false);

const matchType = withDefault(oneOf(['Exact', 'RegularExpression', 'Distinct']), 'Exact');

const byName = {
  type: matchType,
  name: required(string({ minLength: 1, maxLength: 256 })),
  value: string({ maxLength: 1024 }),
  invert,
};

const selector = named(
  'RateLimitSelectCondition',
  {
    headers: array(named('HeaderMatch', byName), { maxItems: 128 }),
    methods: array(named('MethodMatch', { value: required(oneOf(httpMethods)), invert })),
    path: pathMatch,
    sourceCIDR: named('SourceMatch', {
      type: withDefault(oneOf(['Exact', 'Distinct']), 'Exact'),
      value: required(string({ minLength: 1, maxLength: 256 })),
      invert,
    }),
    queryParams: array(named('QueryParamMatch', byName), { maxItems: 16 }),
  },
  {
    rules: [
      {
        rule: 'has(self.headers) || has(self.methods) || has(self.path) || has(self.sourceCIDR) || has(self.queryParams)',
        message: 'must have at least one of headers, methods, path, sourceCIDR and queryParams',
      },
    ],
  },
);

const costSpecifier = named(
  'RateLimitCostSpecifier',
  {
    from: required(oneOf(['Number', 'Metadata'])),
    number: integer({ minimum: 0 }),
    metadata: named('RateLimitCostMetadata', { namespace: required(string()), key: required(string()) }),
  },
  { rules: [{ rule: '!has(self.number) || !has(self.metadata)', message: 'must have number or metadata, not both' }] },
);

const rule = named('RateLimitRule', {
  clientSelectors: array(selector, { maxItems: 8 }),
  limit: required(
    named('RateLimitValue', {
      requests: required(uint32),
      unit: required(oneOf(['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Year'])),
      fromMetadata: named('RateLimitValueMetadata', {
        namespace: required(string({ minLength: 1 })),
        key: required(string({ minLength: 1 })),
      }),
    }),
  ),
  cost: named('RateLimitCost', { request: costSpecifier, response: costSpecifier }),
  shared: boolean(),
  shadowMode: boolean(),
  xRateLimitHeaders: oneOf(['Off', 'DraftVersion03']),
});

/** How many requests may come in a time: counted by every proxy for itself (local) or by all together (global). */
export const rateLimit = named('RateLimitSpec', {
  type: oneOf(['Global', 'Local']),
  global: named('GlobalRateLimit', { rules: required(array(rule, { maxItems: 256 })) }),
  local: named('LocalRateLimit', {
    rules: array(rule, {
      maxItems: 16,
      rules: [
        {
          rule: 'self.all(r, !has(r.cost) || !has(r.cost.response))',
          message: 'must not have cost.response, which only global limits count',
        },
        {
          rule: 'self.all(r, !has(r.limit.fromMetadata))',
          message: 'must not have limit.fromMetadata, which only global limits read',
        },
      ],
    }),
  }),
});
