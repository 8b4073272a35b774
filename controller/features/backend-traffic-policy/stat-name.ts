import type { Problems } from '../../resources/problems.ts';

const OPERATORS = ['%ROUTE_NAME%', '%ROUTE_NAMESPACE%', '%ROUTE_KIND%', '%ROUTE_RULE_NAME%'];

/** Translates `telemetry.metrics.routeStatName` of a policy: text with operators that each route fills in. */
export function translateStatName(name: string | undefined, problems: Problems): string | undefined {
  if (name === undefined || name === '') return undefined;
  const unknown = [...name.matchAll(/%[^%]*%?/gu)].map(([found]) => found).find((found) => !OPERATORS.includes(found));
  if (unknown !== undefined) {
    const accepted = OPERATORS.join(', ');
    problems.add('telemetry.metrics.routeStatName', `found the operator ${unknown}, accepted are ${accepted}`);
  }
  return name;
}
