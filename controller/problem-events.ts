import { isObject } from '#controller/api/compile.ts';
import type { EventSubject } from './kubernetes/status/event-recorder.ts';
import { formatProblem } from './provider/format-problem.ts';
import type { Problem } from './provider/provider.ts';
import type { RefusedObject } from './status/refused-status.ts';

/** Tells, once each, of objects that the API server took and that are not served as written: an Event is where their author looks. */
export function problemTeller(
  tell: (subject: EventSubject, reason: string, message: string) => void,
): (problems: readonly Problem[]) => void {
  let known: ReadonlySet<string> = new Set();
  return (problems) => {
    const now = new Set<string>();
    for (const problem of problems) {
      const message = formatProblem(problem);
      now.add(message);
      const subject = known.has(message) ? undefined : subjectOf(problem);
      if (subject !== undefined) tell(subject, 'Invalid', message);
    }
    known = now;
  };
}

/** Objects that are not served as written, each with all that is wrong with it. */
export function refusedObjects(problems: readonly Problem[]): readonly RefusedObject[] {
  const found = new Map<object, { readonly document: RefusedObject['document']; readonly message: string }>();
  for (const { severity, object, field, message } of problems) {
    const document = object?.document;
    if (severity !== 'error' || document === undefined) continue;
    const words = field === undefined ? message : `${field}: ${message}`;
    const before = found.get(document)?.message;
    found.set(document, { document, message: before === undefined ? words : `${before}; ${words}` });
  }
  return [...found.values()];
}

function subjectOf({ object }: Problem): EventSubject | undefined {
  const { document, kind, namespace, name } = object ?? {};
  if (document === undefined || kind === undefined || name === undefined) return undefined;
  const { apiVersion, metadata } = document;
  const uid = isObject(metadata) ? metadata['uid'] : undefined;
  if (typeof apiVersion !== 'string' || typeof uid !== 'string') return undefined;
  return { apiVersion, kind, namespace, name, uid };
}
