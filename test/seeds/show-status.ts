import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '#controller/resources/verdict.ts';
import type { ObjectStatus } from '#controller/status/object-status.ts';

/** A subject of a status, what is said of it, and the messages that say so. */
export interface Said {
  /** "Gateway test/test-gw listener http: Accepted, ResolvedRefs, !Programmed(Invalid)". */
  readonly line: string;
  readonly messages: readonly string[];
}

/** Everything that is said of objects, a line for each subject: an object, a listener of it, or it with regard to a parent. */
export function showSaid(statuses: readonly ObjectStatus[]): readonly Said[] {
  return statuses.flatMap(saidOf);
}

function saidOf(status: ObjectStatus): readonly Said[] {
  const { kind, metadata } = status.object;
  const subject = `${kind} ${'namespace' in metadata ? `${metadata.namespace}/` : ''}${metadata.name}`;
  switch (status.kind) {
    case 'class':
    case 'conditions':
      return [said(subject, status.verdicts)];
    case 'gateway':
    case 'listener-set':
      return [
        said(subject, status.verdicts),
        ...status.listeners.map(({ name, verdicts }) => said(`${subject} listener ${name}`, verdicts)),
      ];
    case 'route':
      return status.parents.map(({ ref, verdicts }) => said(`${subject} at ${parent(ref)}`, verdicts));
    case 'policy':
      return status.ancestors.map(({ ref, verdicts }) => said(`${subject} at ${parent(ref)}`, verdicts));
    default:
      return status satisfies never;
  }
}

function parent({ name, sectionName }: ParentReference): string {
  return sectionName === undefined ? name : `${name}/${sectionName}`;
}

function said(subject: string, verdicts: readonly Verdict[]): Said {
  // Conflicted=False is the good case of the one condition whose good case is False.
  const told = verdicts.filter(({ type, status }) => type !== 'Conflicted' || status === 'True');
  const words = told.map(({ type, status, reason }) => {
    if (type === 'Conflicted') return `!${type}(${reason})`;
    return status === 'True' ? type : `!${type}(${reason})`;
  });
  return { line: `${subject}: ${words.join(', ')}`, messages: told.map(({ message }) => message) };
}
