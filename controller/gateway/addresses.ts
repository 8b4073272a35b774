import type { Gateway } from '#controller/api/gen/types.d.ts';
import type { Refusal } from '../resources/verdict.ts';

/** The types of address that a Gateway may ask for. */
const TYPES: readonly string[] = ['IPAddress', 'Hostname'];

/** Why a Gateway is not accepted for an address that it asks for (Gateway API, `GatewaySpec.addresses`), or `undefined`. */
export function addressProblem({ metadata, spec }: Gateway): Refusal | undefined {
  const unknown = spec.addresses?.find(({ type }) => !TYPES.includes(type));
  if (unknown === undefined) return undefined;
  const at = `Gateway ${metadata.namespace}/${metadata.name}: spec.addresses[].type`;
  return { reason: 'UnsupportedAddress', message: `${at}: found ${unknown.type}, accepted is ${TYPES.join(' and ')}` };
}

/** The IP addresses that a Gateway asks for; an entry without a value asks for any, as does none. */
export function requestedIps({ spec }: Gateway): readonly string[] {
  return (spec.addresses ?? []).flatMap(({ type, value }) =>
    type === 'IPAddress' && value !== undefined && value !== '' ? [value] : [],
  );
}

/** The host names that a Gateway asks for: no controller can make them lead to a proxy. */
export function requestedHostnames({ spec }: Gateway): readonly string[] {
  return (spec.addresses ?? []).flatMap(({ type, value }) =>
    type === 'Hostname' && value !== undefined ? [value] : [],
  );
}
