import {
  FunctionExpressionType,
  JSONPathEnvironment,
  type FilterFunction,
  type jsonpath,
  type JSONValue,
} from 'json-p3';
import { accepts, type Automaton, type RegexBudget } from '../../regex/automaton.ts';
import { regexProblem } from '../../regex/problem.ts';
import type { Work } from '../../regex/work.ts';
import type { Document } from './place.ts';

/** Characters of a query; what is done for every value that is read grows with it. */
export const LONGEST_QUERY = 4096;

/** A function of a query was asked for what it does not do. */
export class QueryRefused extends Error {}

/** What queries may take, those of all operations on a resource together. */
export interface QueryMeans {
  readonly work: Work;
  readonly regexes: RegexBudget;
}

type Location = jsonpath.JSONPathNode['location'];

/**
 * The places that a query selects (RFC 9535), in order. Everything that is read takes steps of `work`, which throws when
 * there are too many: `$..*..*..*` reads the same values over and over. `match()` and `search()` are made by automata, as
 * the library's own try ways through a text, which may be more than ever end (RFC 9485, section 8).
 *
 * Throws errors of the library where the query is none.
 */
export function* selected(document: Document, query: string, { work, regexes }: QueryMeans): Generator<Location, void> {
  if (query.length > LONGEST_QUERY) throw new QueryRefused(`accepted are up to ${LONGEST_QUERY} characters`);
  const environment = new JSONPathEnvironment();
  environment.functionRegister.set(
    'match',
    textFunction(work, (pattern) => automatonOf(pattern, pattern, regexes)),
  );
  environment.functionRegister.set(
    'search',
    textFunction(work, (pattern) => automatonOf(pattern, `(?s:.)*(?:${pattern})(?s:.)*`, regexes)),
  );
  // Reflection only makes the library's type of it, which is the mutable one: it is read, and not changed.
  const root: object = { document: counted(document, work, 1 + Math.floor(query.length / 64)) };
  const json: JSONValue = Reflect.get(root, 'document');
  for (const { location } of environment.lazyQuery(query, json)) yield location;
}

/** A document that takes steps for every value that is read of it, and for long texts more. */
function counted(document: Document, work: Work, steps: number): object {
  const known = new WeakMap<object, object>();
  const handler: ProxyHandler<object> = {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      work.spend(steps + (typeof value === 'string' ? Math.floor(value.length / 64) : 0));
      return typeof value === 'object' && value !== null ? wrapped(value) : value;
    },
    has: (target, key) => {
      work.spend(steps);
      return Reflect.has(target, key);
    },
    getOwnPropertyDescriptor: (target, key) => {
      work.spend(steps);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  };
  const wrapped = (value: object): object => {
    const made = known.get(value) ?? new Proxy(value, handler);
    known.set(value, made);
    return made;
  };
  return wrapped(document);
}

/** A function of two texts, the second of which is a pattern; anything else than texts does not match. */
function textFunction(work: Work, automaton: (pattern: string) => Automaton): FilterFunction {
  return {
    argTypes: [FunctionExpressionType.ValueType, FunctionExpressionType.ValueType],
    returnType: FunctionExpressionType.LogicalType,
    call: (text: unknown, pattern: unknown) => {
      if (typeof text !== 'string' || typeof pattern !== 'string') return false;
      work.spend(1 + Math.floor((text.length + pattern.length) / 64));
      return accepts(automaton(pattern), Buffer.from(text));
    },
  };
}

function automatonOf(pattern: string, whole: string, budget: RegexBudget): Automaton {
  // What is no expression by itself may become one within others.
  const problem = regexProblem(pattern);
  if (problem !== undefined) throw new QueryRefused(`the regular expression ${problem}`);
  const compiled = budget.compile(whole);
  if (!compiled.ok) throw new QueryRefused(compiled.refusal.message);
  return compiled.value;
}
