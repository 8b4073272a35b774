import type { ASTNode } from '@marcbachmann/cel-js';

/**
 * CEL rules as closures, for the part of the language that the rules of manifests are mostly written in: field selection,
 * `has`, `size`, comparison, logic, and the macros over lists. It is some ten times as fast as the interpreter, which every
 * object of a start goes through; a rule with anything else is left to that. Differs from CEL in nothing that a rule's
 * verdict shows (a test holds the two against each other on every rule).
 */
type Quick = (scope: unknown[]) => unknown;

/** What an expression that has no value throws; one for all, as nobody asks why. */
const FAILED = new Error('the expression has no value');

/** The rule as a function of `self`, which throws where it has no value; `undefined` for a rule with something else. */
export function quickRule(node: ASTNode): ((self: unknown) => unknown) | undefined {
  const run = compile(node, ['self']);
  return run === undefined ? undefined : (self) => run([self]);
}

function compile(node: ASTNode, names: readonly string[]): Quick | undefined {
  switch (node.op) {
    case 'value':
      return constant(node.args);
    case 'id': {
      const slot = names.lastIndexOf(node.args);
      return slot === -1 ? undefined : (scope) => scope[slot];
    }
    case '.':
      return select(node.args[0], node.args[1], names);
    case '[]':
      return binary(node.args, names, item);
    case 'list':
      return list(node.args, names);
    case '!_': {
      const operand = compile(node.args, names);
      return operand && ((scope) => !truth(operand(scope)));
    }
    case '&&':
      return logic(node.args, names, false);
    case '||':
      return logic(node.args, names, true);
    case '?:':
      return choice(node.args, names);
    case '==':
      return binary(node.args, names, equal);
    case '!=':
      return binary(node.args, names, (a, b) => !equal(a, b));
    case '<':
      return binary(node.args, names, (a, b) => order(a, b) < 0);
    case '<=':
      return binary(node.args, names, (a, b) => order(a, b) <= 0);
    case '>':
      return binary(node.args, names, (a, b) => order(a, b) > 0);
    case '>=':
      return binary(node.args, names, (a, b) => order(a, b) >= 0);
    case 'in':
      return binary(node.args, names, isIn);
    case 'call':
      return call(node.args[0], node.args[1], names);
    case 'rcall':
      return method(node.args, names);
    default:
      return undefined;
  }
}

function constant(value: unknown): Quick | undefined {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? () => number : undefined;
  }
  return typeof value === 'string' || typeof value === 'boolean' ? () => value : undefined;
}

function select(of: ASTNode, field: string, names: readonly string[]): Quick | undefined {
  const operand = compile(of, names);
  return operand && ((scope) => given(fieldOf(operand(scope), field)));
}

function binary(
  [left, right]: readonly [ASTNode, ASTNode],
  names: readonly string[],
  apply: (a: unknown, b: unknown) => unknown,
): Quick | undefined {
  const [a, b] = [compile(left, names), compile(right, names)];
  return a && b && ((scope) => apply(a(scope), b(scope)));
}

function list(nodes: readonly ASTNode[], names: readonly string[]): Quick | undefined {
  const items = nodes.map((node) => compile(node, names)).filter((run) => run !== undefined);
  return items.length === nodes.length ? (scope) => items.map((run) => run(scope)) : undefined;
}

/** An operand that decides does so although the other one has no value (CEL, "Logical Operators"). */
function logic(
  [left, right]: readonly [ASTNode, ASTNode],
  names: readonly string[],
  decisive: boolean,
): Quick | undefined {
  const [a, b] = [compile(left, names), compile(right, names)];
  return (
    a &&
    b &&
    ((scope) => {
      let hasFailed = false;
      try {
        if (truth(a(scope)) === decisive) return decisive;
      } catch {
        hasFailed = true;
      }
      if (truth(b(scope)) === decisive) return decisive;
      if (hasFailed) throw FAILED;
      return !decisive;
    })
  );
}

function choice(nodes: readonly [ASTNode, ASTNode, ASTNode], names: readonly string[]): Quick | undefined {
  const [test, yes, no] = [compile(nodes[0], names), compile(nodes[1], names), compile(nodes[2], names)];
  return test && yes && no && ((scope) => (truth(test(scope)) ? yes(scope) : no(scope)));
}

function call(name: string, nodes: readonly ASTNode[], names: readonly string[]): Quick | undefined {
  const [argument] = nodes;
  if (argument === undefined || nodes.length !== 1) return undefined;
  if (name === 'size') {
    const operand = compile(argument, names);
    return operand && ((scope) => size(operand(scope)));
  }
  if (name !== 'has' || argument.op !== '.') return undefined;
  const [of, field] = argument.args;
  const operand = compile(of, names);
  return operand && ((scope) => fieldOf(operand(scope), field) !== undefined);
}

function method(
  [name, target, nodes]: readonly [string, ASTNode, readonly ASTNode[]],
  names: readonly string[],
): Quick | undefined {
  const operand = compile(target, names);
  if (operand === undefined) return undefined;
  if (name === 'size' && nodes.length === 0) return (scope) => size(operand(scope));
  if (name === 'sum' && nodes.length === 0) return (scope) => sum(operand(scope));
  const tests = textTest(name, nodes);
  if (tests !== undefined) return (scope) => tests(text(operand(scope)));
  const [variable, body] = nodes;
  if (variable?.op !== 'id' || body === undefined || nodes.length !== 2) return undefined;
  const run = compile(body, [...names, variable.args]);
  const slot = names.length;
  if (run === undefined) return undefined;
  const of = (scope: unknown[], member: unknown): unknown => {
    scope[slot] = member;
    return run(scope);
  };
  switch (name) {
    case 'all':
      return (scope) => quantify(members(operand(scope)), (member) => of(scope, member), false);
    case 'exists':
      return (scope) => quantify(members(operand(scope)), (member) => of(scope, member), true);
    case 'exists_one':
      return (scope) => members(operand(scope)).filter((member) => truth(of(scope, member))).length === 1;
    case 'filter':
      return (scope) => members(operand(scope)).filter((member) => truth(of(scope, member)));
    case 'map':
      return (scope) => members(operand(scope)).map((member) => of(scope, member));
    default:
      return undefined;
  }
}

/** A test of a text that is called on it with a constant. */
function textTest(name: string, nodes: readonly ASTNode[]): ((value: string) => boolean) | undefined {
  const [argument] = nodes;
  if (nodes.length !== 1 || argument?.op !== 'value') return undefined;
  const { args } = argument;
  if (typeof args !== 'string') return undefined;
  switch (name) {
    case 'startsWith':
      return (value) => value.startsWith(args);
    case 'endsWith':
      return (value) => value.endsWith(args);
    case 'contains':
      return (value) => value.includes(args);
    case 'matches': {
      const pattern = new RegExp(args, 'u');
      return (value) => pattern.test(value);
    }
    default:
      return undefined;
  }
}

/** Whether a member decides; one without a value counts only when none does (CEL, "Macros"). */
function quantify(from: readonly unknown[], test: (member: unknown) => unknown, decisive: boolean): boolean {
  let hasFailed = false;
  for (const member of from) {
    try {
      if (truth(test(member)) === decisive) return decisive;
    } catch {
      hasFailed = true;
    }
  }
  if (hasFailed) throw FAILED;
  return !decisive;
}

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw FAILED;
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw FAILED;
  return value;
}

function sum(value: unknown): number {
  return members(value).reduce((total: number, member) => {
    if (typeof member !== 'number') throw FAILED;
    return total + member;
  }, 0);
}

function given(value: unknown): unknown {
  if (value === undefined) throw FAILED;
  return value;
}

function isMap(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, field: string): unknown {
  if (!isMap(value)) throw FAILED;
  return Object.hasOwn(value, field) ? value[field] : undefined;
}

function item(value: unknown, index: unknown): unknown {
  if (Array.isArray(value) && typeof index === 'number') {
    const found: unknown = value[index];
    return given(found);
  }
  if (typeof index === 'string') return given(fieldOf(value, index));
  throw FAILED;
}

function members(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return Object.keys(value);
  throw FAILED;
}

function size(value: unknown): number {
  if (typeof value === 'string') return Array.from(value).length;
  return members(value).length;
}

function isIn(value: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.some((member) => equal(member, value));
  if (isMap(container) && typeof value === 'string') return Object.hasOwn(container, value);
  throw FAILED;
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((member, index) => equal(member, b[index]));
  }
  if (isMap(a) && isMap(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
    );
  }
  return a === b;
}

function order(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  throw FAILED;
}
