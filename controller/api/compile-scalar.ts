import type { Fault } from './fault.ts';
import { refuse, refuseEnum, refuseType, show } from './fault.ts';
import { formats } from './formats.ts';
import type { IntegerSchema, IntOrStringSchema, NumberSchema, StringSchema } from './schema.ts';

/** Text that a pattern is tried on has at most so many characters where the schema says nothing: patterns may take quadratic time. */
export const maxPatternLength = 1024;

type ScalarCheck = (value: unknown, faults: Fault[]) => unknown;

/** The check of text; a text out of a closed list comes back as the schema's own, so that many objects share it. */
export function compileString(schema: StringSchema): ScalarCheck {
  if (schema.enum !== undefined) return compileEnum(schema, schema.enum);
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u');
  const format = schema.format === undefined ? undefined : formats[schema.format];
  const minimum = schema.minLength ?? 0;
  const maximum = schema.maxLength ?? (schema.pattern === undefined ? Infinity : maxPatternLength);
  const sensitive = schema.sensitive === true;
  return (value, faults) => {
    if (typeof value !== 'string') {
      refuseType(faults, 'text', value, sensitive);
      return value;
    }
    const found = () => show(value, sensitive);
    if (value.length < minimum) refuseLength(faults, `at least ${minimum}`, codePoints(value));
    else if (value.length > maximum && codePoints(value) > maximum) {
      refuseLength(faults, `at most ${maximum}`, codePoints(value));
    } else if (pattern !== undefined && !pattern.test(value)) {
      const accepted = schema.patternHint ?? `text that matches ${pattern.source}`;
      refuse(faults, { reason: 'pattern', message: `must be ${accepted}, found ${found()}`, found: found(), accepted });
    } else if (format !== undefined && !format.accepts(value)) {
      const accepted = format.words;
      refuse(faults, { reason: 'format', message: `must be ${accepted}, found ${found()}`, found: found(), accepted });
    }
    return value;
  };
}

function compileEnum(schema: StringSchema, values: readonly string[]): ScalarCheck {
  const own = new Map(values.map((value) => [value, value]));
  return (value, faults) => {
    const shared = typeof value === 'string' ? own.get(value) : undefined;
    if (shared !== undefined) return shared;
    if (typeof value === 'string') refuseEnum(faults, values, value);
    else refuseType(faults, `one of ${values.join(', ')}`, value, schema.sensitive === true);
    return value;
  };
}

function refuseLength(faults: Fault[], accepted: string, count: number): void {
  refuse(faults, { reason: 'length', message: `must have ${accepted} characters, found ${count}` });
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The check of a whole number. */
export function compileInteger(schema: IntegerSchema): ScalarCheck {
  return (value, faults) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) refuseType(faults, 'a whole number', value);
    else if (schema.enum !== undefined && !schema.enum.includes(value)) refuseEnum(faults, schema.enum, value);
    else checkRange(schema.minimum, schema.maximum, value, faults);
    return value;
  };
}

/** The check of a number. */
export function compileNumber(schema: NumberSchema): ScalarCheck {
  return (value, faults) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) refuseType(faults, 'a number', value);
    else checkRange(schema.minimum, schema.maximum, value, faults);
    return value;
  };
}

function checkRange(minimum = -Infinity, maximum = Infinity, value: number, faults: Fault[]): void {
  if (value >= minimum && value <= maximum) return;
  const accepted =
    minimum === -Infinity
      ? `at most ${maximum}`
      : maximum === Infinity
        ? `at least ${minimum}`
        : `${minimum} to ${maximum}`;
  refuse(faults, { reason: 'range', message: `must be ${accepted}, found ${value}`, found: String(value), accepted });
}

/** The check of a whole number or text. */
export function compileIntOrString(schema: IntOrStringSchema): ScalarCheck {
  const format = schema.format === undefined ? undefined : formats[schema.format];
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u');
  return (value, faults) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    if (typeof value !== 'string') refuseType(faults, format?.words ?? 'a whole number or text', value);
    else if (value.length > maxPatternLength) refuseLength(faults, `at most ${maxPatternLength}`, value.length);
    else if ((format !== undefined && !format.accepts(value)) || (pattern !== undefined && !pattern.test(value))) {
      const accepted = format?.words ?? `text that matches ${schema.pattern}`;
      const found = show(value);
      refuse(faults, { reason: 'format', message: `must be ${accepted}, found ${found}`, found, accepted });
    }
    return value;
  };
}
