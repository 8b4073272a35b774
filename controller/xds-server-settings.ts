import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';
import { milliseconds } from './resources/duration.ts';
import { parseQuantity } from './resources/quantity.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './server/connection-limits.ts';

/** What a timer of Node.js holds, and what an age may be that is made up to ten per cent longer. Milliseconds. */
const LONGEST = 2 ** 31 - 1;
const LONGEST_AGE = Math.floor(LONGEST / 1.1);

/** Reads `xdsServer`. */
export function connectionLimits(
  xdsServer: EnvoyGateway['xdsServer'],
  refuse: (path: FieldPath, message: string) => void,
): ConnectionLimits {
  const { maxConnectionAge, maxConnectionAgeGrace, maxReceiveMessageSize: size } = xdsServer ?? {};
  const positive = (value: number | undefined, field: string): number | undefined => {
    if (value !== undefined && value <= 0) refuse(['xdsServer', field], `found ${value}, accepted is more than 0`);
    return value;
  };
  const age = positive(milliseconds(maxConnectionAge), 'maxConnectionAge');
  const grace = positive(milliseconds(maxConnectionAgeGrace), 'maxConnectionAgeGrace');
  const message = positive(size === undefined ? undefined : parseQuantity(size), 'maxReceiveMessageSize');
  return {
    age: age === undefined ? undefined : Math.min(age, LONGEST_AGE),
    grace: Math.min(grace ?? CONNECTION_LIMITS.grace, LONGEST),
    message: message ?? CONNECTION_LIMITS.message,
  };
}
