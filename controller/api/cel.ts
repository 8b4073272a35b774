import { isIP } from 'node:net';
import { Environment } from '@marcbachmann/cel-js';
import { quickRule } from './quick-rule.ts';
import type { Rule } from './schema.ts';

/**
 * Runs CEL rules in Kubernetes' dialect (KEP-2876): `self` is the value, an error refuses it, reserved words as fields are written `__namespace__`.
 */
const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable('self', 'dyn')
  .registerFunction('isIP(dyn): bool', (text: unknown) => typeof text === 'string' && isIP(text) !== 0)
  .registerFunction({
    name: 'sum',
    receiverType: 'list',
    returnType: 'int',
    params: [],
    handler: (list: readonly bigint[]) => list.reduce((total, item) => total + item, 0n),
  });

/** Words of CEL that a field's name is escaped for. */
const escaped =
  /__(namespace|import|package|break|const|continue|else|for|function|if|let|loop|return|var|void|while|as|in|true|false|null)__/gu;

/** Whether a value passes a rule. */
export type RuleCheck = (self: unknown) => boolean;

const compiled = new WeakMap<Rule, RuleCheck>();

/** The check of a rule, compiled at its first use; a rule that does not compile is a bug and throws. */
export function ruleCheck(rule: Rule): RuleCheck {
  const known = compiled.get(rule);
  if (known !== undefined) return known;
  const run = quickly(rule) ?? ((self: unknown): unknown => parse(rule)({ self }));
  const check: RuleCheck = (self) => {
    try {
      return run(self) === true;
    } catch {
      // A rule that cannot be evaluated does not accept the value (KEP-2876, "Errors").
      return false;
    }
  };
  compiled.set(rule, check);
  return check;
}

/** A rule as closures, where it is made of what those can do; for a test that holds them against CEL. */
export function quickly(rule: Rule): ((self: unknown) => unknown) | undefined {
  return quickRule(parse(rule).ast);
}

function parse({ rule }: Rule) {
  return environment.parse(rule.replaceAll(escaped, '$1'));
}

/** What a rule yields, errors thrown: for tests that must tell a refusal from a rule that cannot run. */
export function evaluateRule(rule: Rule, self: unknown): unknown {
  return parse(rule)({ self });
}
