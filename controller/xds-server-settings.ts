import type { EnvoyGateway } from './api/gen/types.d.ts';
import type { FieldPath } from './api/field-path.ts';
import { milliseconds } from './resources/duration.ts';
import { parseQuantity } from './resources/quantity.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './server/connection-limits.ts';

/** What a timer of Node.js holds, and what an age may be that is made up to ten per cent longer. Milliseconds. */
const LONGEST = 2 ** 31 - 1;
const LONGEST_AGE = Math.floor(LONGEST / 1.1);

/** A shorter age leaves an Envoy no time to be told its configuration. Milliseconds. */
const SHORTEST_AGE = 10_000;
/** An Envoy that comes again lists all that it has in one message. Bytes. */
const SMALLEST_MESSAGE = 2 ** 20;

/** Reads `xdsServer`. */
export function connectionLimits(
  xdsServer: EnvoyGateway['xdsServer'],
  refuse: (path: FieldPath, message: string) => void,
): ConnectionLimits {
  const { maxConnectionAge, maxConnectionAgeGrace, maxReceiveMessageSize: size } = xdsServer ?? {};
  const age = milliseconds(maxConnectionAge);
  const grace = milliseconds(maxConnectionAgeGrace);
  const message = size === undefined ? undefined : parseQuantity(size);
  const refuseIf = (isWrong: boolean, field: string, found: string | number | undefined, accepted: string): void => {
    if (isWrong) refuse(['xdsServer', field], `found ${found}, accepted is ${accepted}`);
  };
  refuseIf(age !== undefined && age < SHORTEST_AGE, 'maxConnectionAge', maxConnectionAge, '10s or more');
  refuseIf(grace === 0, 'maxConnectionAgeGrace', maxConnectionAgeGrace, 'more than 0');
  refuseIf(message !== undefined && message < SMALLEST_MESSAGE, 'maxReceiveMessageSize', size, '1Mi or more');
  return {
    age: age === undefined ? undefined : Math.min(age, LONGEST_AGE),
    grace: Math.min(grace ?? CONNECTION_LIMITS.grace, LONGEST),
    message: message ?? CONNECTION_LIMITS.message,
  };
}
