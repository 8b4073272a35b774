import { nearest } from './nearest.ts';

/** Why a value is refused. */
export type FaultReason =
  | 'unknown-field'
  | 'missing'
  | 'type'
  | 'enum'
  | 'pattern'
  | 'format'
  | 'range'
  | 'length'
  | 'duplicate'
  | 'rule';

/** One refusal while it travels up: every level that it passes puts its own segment first. */
export type Fault = {
  readonly reason: FaultReason;
  readonly path: (string | number)[];
  readonly message: string;
  readonly found?: string;
  readonly accepted?: string;
};

/** At most so many faults of one value are collected: a hostile document must not fill memory with them. */
export const maxFaults = 50;

/** Adds a fault at the value itself, or `below` it. */
export function refuse(faults: Fault[], fault: Omit<Fault, 'path'>, below: readonly (string | number)[] = []): void {
  if (faults.length < maxFaults) faults.push({ ...fault, path: [...below] });
}

/** Puts a segment before the paths of all faults from an index on. */
export function prefix(faults: readonly Fault[], from: number, segment: string | number): void {
  for (let index = from; index < faults.length; index += 1) faults[index]?.path.unshift(segment);
}

/** A value in a message: scalars as they are, cut to 64 characters; lists and objects by their type only. */
export function show(value: unknown, sensitive = false): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      if (sensitive) return 'a text';
      return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}...` : value);
    case 'number':
    case 'boolean':
    case 'bigint':
      return sensitive ? `a ${typeof value}` : String(value);
    case 'object':
      return 'an object';
    case 'undefined':
    case 'symbol':
    case 'function':
    default:
      return `a ${typeof value}`;
  }
}

/** Refuses a value of the wrong type. */
export function refuseType(faults: Fault[], accepted: string, value: unknown, sensitive = false): void {
  const found = show(value, sensitive);
  refuse(faults, { reason: 'type', message: `must be ${accepted}, found ${found}`, found, accepted });
}

/** Refuses a field that the schema does not know, naming the nearest that it does. */
export function refuseUnknown(faults: Fault[], field: string, known: readonly string[]): void {
  const guess = nearest(field, known);
  const accepted = known.join(', ');
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`;
  const list = known.length === 0 ? 'no field is accepted here' : `accepted here: ${accepted}`;
  refuse(faults, { reason: 'unknown-field', message: `unknown field${hint} (${list})`, found: field, accepted }, [
    field,
  ]);
}

/** Refuses text that is not in a closed list. */
export function refuseEnum(faults: Fault[], values: readonly (string | number)[], value: unknown): void {
  const accepted = values.join(', ');
  const guess =
    typeof value === 'string'
      ? nearest(
          value,
          values.filter((item) => typeof item === 'string'),
        )
      : undefined;
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`;
  const found = show(value);
  refuse(faults, { reason: 'enum', message: `must be one of ${accepted}, found ${found}${hint}`, found, accepted });
}
