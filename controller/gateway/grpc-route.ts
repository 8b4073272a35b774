import type { GRPCRoute } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import type { Settings } from '../settings.ts';
import { grpcMatchIr, grpcMatchProblem } from './grpc-match.ts';
import { ruleBook, widened } from './http-route.ts';
import type { HttpCore } from './route-core.ts';

/** A GRPCRoute without rules matches every call, and has nowhere to send it. */
const NO_RULES = [{}] as const;

/** Resolves a GRPCRoute (Gateway API v1, GRPCRoute): its calls are requests, and its rules become those of HTTP. */
export function grpcCore(route: GRPCRoute, resources: Resources, settings: Settings): HttpCore {
  const book = ruleBook(route, resources, settings);
  const written: NonNullable<GRPCRoute['spec']['rules']> = route.spec.rules ?? NO_RULES;
  const rules = written.map(({ matches = [], ...rule }, index) => {
    const problem = matches.map(grpcMatchProblem).find((one) => one !== undefined);
    const source = { ...rule, matches: (matches.length === 0 ? [{}] : matches).map(grpcMatchIr) };
    return problem === undefined
      ? book.rule(source, index)
      : book.refusing(widened(source), index, { reason: 'UnsupportedValue', message: problem });
  });
  return { kind: 'http', route, rules, refused: undefined, ...book.verdicts(rules.length) };
}
