import type { CostIr, LimitIr, RateLimitIr, SelectorIr, ValueTestIr } from '../../ir/rate-limit.ts';
import type { Init } from '../../xds/build/message.ts';
import { addressBlockConfig, automatonConfig, pathMatchConfig } from '../match/config.ts';

/** Rate limits as the filter reads them. */
export function rateLimitConfig({ local, global, timeout = 0 }: RateLimitIr): Init<'sluice.filter.v1.RateLimit'> {
  return { local: local.map(limit), global: global.map(limit), timeout: global.length === 0 ? 0 : timeout };
}

function limit(ir: LimitIr): Init<'sluice.filter.v1.Limit'> {
  const { selectors, cost, headers = true, ...same } = ir;
  return {
    ...same,
    headers,
    selectors: selectors.map(selector),
    ...(cost === undefined ? {} : { cost: { from: costFrom(cost) } }),
  };
}

type Plain<T> = Extract<T, { readonly $typeName?: never }>;
type CostFrom = Plain<Init<'sluice.filter.v1.Cost'>>['from'];

function costFrom(ir: CostIr): NonNullable<CostFrom> {
  switch (ir.kind) {
    case 'number':
      return { case: 'number', value: ir.number };
    case 'metadata':
      return { case: 'metadata', value: { namespace: ir.namespace, key: ir.key } };
    default:
      return ir satisfies never;
  }
}

function selector(ir: SelectorIr): Init<'sluice.filter.v1.Selector'> {
  switch (ir.kind) {
    case 'header':
      return { selector: { case: 'header', value: { name: ir.name, ...valueTest(ir.test) } } };
    case 'query':
      return { selector: { case: 'queryParameter', value: { name: ir.name, ...valueTest(ir.test) } } };
    case 'method':
      return { selector: { case: 'method', value: { methods: [...ir.methods], invert: ir.invert } } };
    case 'path':
      return { selector: { case: 'path', value: pathMatchConfig(ir.path) } };
    case 'address': {
      const { block, invert, distinct } = ir;
      return { selector: { case: 'address', value: { block: addressBlockConfig(block), invert, distinct } } };
    }
    default:
      return ir satisfies never;
  }
}

function valueTest(ir: ValueTestIr): Pick<Plain<Init<'sluice.filter.v1.NamedValue'>>, 'test' | 'invert'> {
  switch (ir.kind) {
    case 'exact':
      return { test: { case: 'exact', value: ir.value }, invert: ir.invert };
    case 'regex':
      return { test: { case: 'regex', value: automatonConfig(ir.automaton) }, invert: ir.invert };
    case 'distinct':
      return { test: { case: 'distinct', value: true } };
    default:
      return ir satisfies never;
  }
}
