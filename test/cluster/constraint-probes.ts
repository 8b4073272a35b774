/**
 * Objects that hit every constraint of a kind's schema both ways: one that keeps it, and one that does not. Made from the schema:
 * who adds a rule, an enum, a pattern or a bound has its probes.
 */
import { evaluateRule } from '#controller/api/cel.ts';
import { compile } from '#controller/api/compile.ts';
import type { Fault } from '#controller/api/fault.ts';
import { ruleExamples } from '#controller/api/rules.examples.ts';
import type { Json, Rule, Schema, StringSchema } from '#controller/api/schema.ts';

/** A value at a place of a kind, and what it is to show. */
export interface Probe {
  /** What is constrained: "spec.bootstrap.type: enum". The same for the good and the bad ones. */
  readonly constraint: string;
  readonly isGood: boolean;
  readonly spec: Json;
  /** What an API server says of the bad one. */
  readonly says: RegExp;
}

/** A way from a spec to a part of it. */
type Step =
  | { readonly kind: 'field'; readonly of: Extract<Schema, { readonly type: 'object' }>; readonly name: string }
  | { readonly kind: 'item'; readonly of: Extract<Schema, { readonly type: 'array' }> }
  | { readonly kind: 'value'; readonly of: Extract<Schema, { readonly type: 'map' }> };

interface Place {
  readonly schema: Schema;
  readonly steps: readonly Step[];
}

/** The probes of a kind's spec. */
export function* probesOf(spec: Schema): Iterable<Probe> {
  for (const place of placesOf(spec)) {
    for (const { what, says, good, bad } of constraintsOf(place.schema)) {
      const constraint = `${nameOf(place)}: ${what}`;
      for (const value of good) yield { constraint, isGood: true, says, spec: embedded(place, value) };
      for (const value of bad) yield { constraint, isGood: false, says, spec: embedded(place, value) };
    }
  }
}

/** Every part of a schema once, where it is nearest to the root: parts are shared. */
function placesOf(root: Schema): readonly Place[] {
  const found = new Map<Schema, Place>([[root, { schema: root, steps: [] }]]);
  const queue: Place[] = [{ schema: root, steps: [] }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const step of stepsOf(next.schema)) {
      const place = { schema: below(step), steps: [...next.steps, step] };
      if (found.has(place.schema)) continue;
      found.set(place.schema, place);
      queue.push(place);
    }
  }
  return [...found.values()];
}

function stepsOf(schema: Schema): readonly Step[] {
  switch (schema.type) {
    case 'object':
      return Object.keys(schema.properties).map((name) => ({ kind: 'field', of: schema, name }));
    case 'array':
      return [{ kind: 'item', of: schema }];
    case 'map':
      return [{ kind: 'value', of: schema }];
    default:
      return [];
  }
}

function below(step: Step): Schema {
  switch (step.kind) {
    case 'field': {
      const child = step.of.properties[step.name];
      if (child === undefined) throw new Error(`no field ${step.name}`);
      return child;
    }
    case 'item':
      return step.of.items;
    case 'value':
      return step.of.values;
    default:
      return step satisfies never;
  }
}

function nameOf({ steps }: Place): string {
  return `spec${steps.map((step) => (step.kind === 'field' ? `.${step.name}` : step.kind === 'item' ? '[]' : '{}')).join('')}`;
}

/** A spec with a value at a place, and beside it what has to be there. */
function embedded({ steps }: Place, value: Json): Json {
  return steps.toReversed().reduce((inner, step) => around(step, inner), value);
}

function around(step: Step, inner: Json): Json {
  switch (step.kind) {
    case 'field':
      return completed(step.of, { [step.name]: inner }, 0, step.name);
    case 'item':
      return [
        inner,
        ...Array.from({ length: Math.max((step.of.minItems ?? 0) - 1, 0) }, (_, i) => sample(step.of.items, i)),
      ];
    case 'value':
      return { [keyOf(step.of.keyPattern, 0)]: inner };
    default:
      return step satisfies never;
  }
}

interface Constraint {
  readonly what: string;
  readonly says: RegExp;
  readonly good: readonly Json[];
  readonly bad: readonly Json[];
}

function constraintsOf(schema: Schema): readonly Constraint[] {
  const rules = (schema.rules ?? []).map((rule) => ruleConstraint(schema, rule));
  return [...rules, ...shapeConstraints(schema)];
}

const WRONG_TYPE: { readonly [T in Schema['type']]: Json } = {
  object: 'text',
  map: 'text',
  array: 'text',
  string: 1,
  integer: 'text',
  number: 'text',
  'int-or-string': true,
  boolean: 'text',
  json: null,
};

function shapeConstraints(schema: Schema): readonly Constraint[] {
  const good = sample(schema, 0);
  const found: Constraint[] = [];
  const add = (what: string, says: RegExp, bad: readonly Json[], kept: readonly Json[] = [good]): void =>
    void found.push({ what, says, good: kept, bad });
  if (schema.type !== 'json') add('type', /must be of type/u, [WRONG_TYPE[schema.type]]);
  switch (schema.type) {
    case 'object': {
      const whole = isJsonObject(good) ? good : {};
      for (const [name, child] of Object.entries(schema.properties)) {
        if (child.required !== true || child.default !== undefined) continue;
        const { [name]: _, ...without } = whole;
        add(`required ${name}`, /Required value/u, [without]);
      }
      if (schema.preserveUnknown !== true && Object.keys(schema.properties).length > 0)
        add('unknown fields', /unknown field/u, [{ ...whole, notAField: 1 }]);
      if ((schema.minProperties ?? 0) > 0) add('minProperties', /should (?:be|have) at least/u, [{}]);
      break;
    }
    case 'map': {
      const value = sample(schema.values, 0);
      const of = (count: number): Json =>
        Object.fromEntries(Array.from({ length: count }, (_, i) => [keyOf(schema.keyPattern, i), value]));
      const { minProperties = 0, maxProperties } = schema;
      if (schema.keyPattern !== undefined) add('keyPattern', /must have keys/u, [{ '!': value }], [of(1)]);
      if (minProperties > 0)
        add('minProperties', /should (?:be|have) at least/u, [of(minProperties - 1)], [of(minProperties)]);
      if (maxProperties !== undefined)
        add('maxProperties', /at most|Too many/u, [of(maxProperties + 1)], [of(maxProperties)]);
      break;
    }
    case 'array': {
      const { minItems = 0, maxItems, mapKeys, set } = schema;
      const of = (count: number): readonly Json[] => Array.from({ length: count }, (_, i) => sample(schema.items, i));
      if (minItems > 0) add('minItems', /should (?:be|have) at least/u, [of(minItems - 1)], [of(minItems)]);
      if (maxItems !== undefined) add('maxItems', /at most|Too many/u, [of(maxItems + 1)], [of(maxItems)]);
      if (set === true || mapKeys !== undefined) {
        const one = of(1);
        add('no duplicates', /Duplicate value/u, [[...one, ...one]], [one]);
      }
      break;
    }
    case 'string':
      stringConstraints(schema, add);
      break;
    case 'integer':
    case 'number': {
      const { minimum, maximum } = schema;
      if (minimum !== undefined) add('minimum', /greater than or equal/u, [minimum - 1], [minimum]);
      if (maximum !== undefined) add('maximum', /less than or equal/u, [maximum + 1], [maximum]);
      if (schema.type === 'integer' && schema.enum !== undefined)
        add('enum', /supported values/u, [987_654], [...schema.enum]);
      break;
    }
    case 'int-or-string':
      if (schema.pattern !== undefined || schema.format !== undefined) add('pattern', /should match|anyOf/u, ['!!']);
      break;
    case 'boolean':
    case 'json':
      break;
    default:
      schema satisfies never;
  }
  return found;
}

type Add = (what: string, says: RegExp, bad: readonly Json[], kept?: readonly Json[]) => void;

function stringConstraints(schema: StringSchema, add: Add): void {
  const { enum: members, pattern, minLength = 0, maxLength, format } = schema;
  if (members !== undefined) add('enum', /supported values/u, ['Nonesuch'], [...members]);
  const fits = (text: string): boolean => isAccepted(schema, text);
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, 'u');
    const bad = ['!', '!!', '!bad!', 'A b', '-', 'a', '\n', ' '.repeat(minLength + 1)].find(
      (text) => !expression.test(text) && text.length >= minLength && text.length <= (maxLength ?? Infinity),
    );
    add('pattern', /should match/u, bad === undefined ? [] : [bad]);
  }
  if (format !== undefined) add('format', /must be of type|should match|anyOf/u, ['not !! of a format']);
  if (minLength > 0) add('minLength', /should (?:be|have) at least/u, ['a'.repeat(minLength - 1)]);
  if (maxLength !== undefined) {
    const longest = stretched(sampleText(schema, 0), maxLength);
    add(
      'maxLength',
      /Too long|at most/u,
      [stretched(sampleText(schema, 0), maxLength + 1)],
      fits(longest) ? [longest] : undefined,
    );
  }
}

/** A text made longer at its end, by what most patterns take. */
function stretched(text: string, length: number): string {
  return text + (/\d$/u.test(text) ? '1' : 'a').repeat(Math.max(length - text.length, 0));
}

/** The examples of a rule (`rules.examples.ts`), made whole. */
function ruleConstraint(schema: Schema, rule: Rule): Constraint {
  const { accepts, refuses } = examplesOf(rule);
  const made = (examples: readonly unknown[], verdict: boolean): readonly Json[] =>
    examples.flatMap((example) => {
      for (let choice = 0; choice < 32; choice += 1) {
        const candidate = completed(schema, toJson(example), choice);
        const defaulted = compile(schema)(candidate, []);
        if (isOfShape(schema, candidate) && verdictOf(rule, defaulted) === verdict) return [candidate];
      }
      return [];
    });
  return {
    what: `rule ${rule.message}`,
    says: new RegExp(escaped(rule.message), 'u'),
    good: made(accepts, true),
    bad: made(refuses, false),
  };
}

const memberRule = /^has\(self\.(?<field>\w+)\) == \(self\.(?<discriminator>\w+) == '(?<value>\w+)'\)$/u;

function examplesOf(rule: Rule): { readonly accepts: readonly unknown[]; readonly refuses: readonly unknown[] } {
  const { field, discriminator, value } = memberRule.exec(rule.rule)?.groups ?? {};
  if (field !== undefined && discriminator !== undefined) {
    return {
      accepts: [{ [discriminator]: value, [field]: {} }],
      refuses: [{ [discriminator]: value }, { [discriminator]: 'Another', [field]: {} }],
    };
  }
  const example = ruleExamples.find(({ message }) =>
    typeof message === 'string' ? message === rule.message : message.test(rule.message),
  );
  return example ?? { accepts: [], refuses: [] };
}

function verdictOf(rule: Rule, value: unknown): boolean {
  try {
    return evaluateRule(rule, value) === true;
  } catch {
    return false;
  }
}

/** Whether nothing but rules can be against a value. */
function isOfShape(schema: Schema, value: unknown): boolean {
  const faults: Fault[] = [];
  compile(schema)(value, faults);
  return faults.every(({ reason }) => reason === 'rule');
}

function isAccepted(schema: Schema, value: unknown): boolean {
  const faults: Fault[] = [];
  compile(schema)(value, faults);
  return faults.length === 0;
}

/**
 * A value with what has to be there beside it; what cannot be at its place gives way to what can. `choice` is which of several: of an
 * enum, whose members lead to different rules. The field `kept` stays as it is.
 */
function completed(schema: Schema, value: Json, choice: number, kept?: string): Json {
  switch (schema.type) {
    case 'object': {
      if (!isJsonObject(value)) return sample(schema, choice);
      const fields = Object.entries(schema.properties).flatMap(([name, child]): [string, Json][] => {
        const own = value[name];
        if (own !== undefined) return [[name, name === kept ? own : completed(child, own, choice)]];
        return child.required === true && child.default === undefined ? [[name, sample(child, choice)]] : [];
      });
      return Object.fromEntries(fields);
    }
    case 'map': {
      if (!isJsonObject(value)) return sample(schema, choice);
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, completed(schema.values, inner, choice)]),
      );
    }
    case 'array':
      return isList(value)
        ? [
            ...value.map((inner) => completed(schema.items, inner, choice)),
            ...Array.from({ length: Math.max((schema.minItems ?? 0) - value.length, 0) }, (_, i) =>
              sample(schema.items, choice + i),
            ),
          ]
        : sample(schema, choice);
    default:
      return isOfShape(schema, value) ? value : sample(schema, choice);
  }
}

/** A small value of a schema, without regard to rules; others for other numbers. */
function sample(schema: Schema, number: number): Json {
  switch (schema.type) {
    case 'object': {
      const needed = Object.entries(schema.properties).filter(
        ([, child]) => child.required === true && child.default === undefined,
      );
      const optional = Object.entries(schema.properties).slice(0, schema.minProperties ?? 0);
      const fields = needed.length > 0 ? needed : optional;
      return Object.fromEntries(fields.map(([name, child]) => [name, sample(child, number)]));
    }
    case 'map':
      return Object.fromEntries(
        Array.from({ length: schema.minProperties ?? 0 }, (_, i) => [
          keyOf(schema.keyPattern, i),
          sample(schema.values, number),
        ]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, (_, i) => sample(schema.items, number + i));
    case 'string':
      return sampleText(schema, number);
    case 'integer':
      return schema.enum?.[number % schema.enum.length] ?? bounded(schema, number);
    case 'number':
      return bounded(schema, number);
    case 'int-or-string':
      return schema.pattern === undefined || isAccepted(schema, 1) ? number + 1 : firstOf(schema, TEXTS(number));
    case 'boolean':
      return number % 2 === 0;
    case 'json':
      return {};
    default:
      return schema satisfies never;
  }
}

function bounded(
  { minimum = 0, maximum = Infinity }: { readonly minimum?: number; readonly maximum?: number },
  number: number,
): number {
  return Math.min(minimum + number, maximum);
}

/** Texts of which one is right for each pattern and format. */
const TEXTS = (number: number): readonly string[] => [
  `a${number}`,
  `${number}s`,
  `${number + 1}`,
  `${number + 1}Ki`,
  `a${number}.example.com`,
  `10.0.${number >> 8}.${number & 255}`,
  `10.0.${number >> 8}.${number & 255}/32`,
  `/a${number}`,
  `https://a${number}.example.com/`,
  `a${number}.example.com/b`,
  `https://a${number}.example.com`,
  `a${number}.mmdb`,
  `#a${number}`,
  `A${number}`,
  `${number}%`,
  '50%',
  'YQ==',
  '2026-01-01T00:00:00Z',
  String(number).padStart(64, 'a'),
  `sha256:${String(number).padStart(64, 'a')}`,
  'a'.repeat(32),
  'aa:'.repeat(31) + 'aa',
  '200',
  'request.path',
  `A${String.fromCodePoint(65 + (number % 26))}`,
  '1.1',
];

function sampleText(schema: StringSchema, number: number): string {
  return schema.enum?.[number % schema.enum.length] ?? firstOf(schema, TEXTS(number));
}

function firstOf(schema: Schema, texts: readonly string[]): string {
  const found = texts.find((text) => isAccepted({ ...schema, rules: [] }, text));
  if (found === undefined) throw new Error(`no text is right for ${JSON.stringify(schema)}: add one`);
  return found;
}

function keyOf(pattern: string | undefined, number: number): string {
  const schema: Schema = { type: 'string', ...(pattern === undefined ? {} : { pattern }) };
  return firstOf(schema, TEXTS(number));
}

function toJson(value: unknown): Json {
  const json: Json = JSON.parse(JSON.stringify(value));
  return json;
}

function isJsonObject(value: Json): value is { readonly [field: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
