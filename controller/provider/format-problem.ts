import type { Problem, ProblemObject } from './provider.ts';

/**
 * A problem on one line: `PATH:LINE:COLUMN: Kind namespace/name: field: message`; parts that are unknown are left out. An
 * object of a cluster is in no line.
 */
export function formatProblem(problem: Problem): string {
  const parts = [
    problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`,
    problem.object === undefined ? undefined : describeObject(problem.object),
    problem.field === '' ? undefined : problem.field,
    problem.severity === 'warning' ? `warning: ${problem.message}` : problem.message,
  ];
  return oneLine(parts.filter((part) => part !== undefined).join(': '));
}

function describeObject(object: ProblemObject): string {
  if (object.name === undefined) return object.kind;
  const name = object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
  return `${object.kind} ${name}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\t]+/gu, ' ');
}
