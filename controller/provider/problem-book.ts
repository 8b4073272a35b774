import { formatProblem } from './format-problem.ts';
import type { Problem, ResourceEvent } from './provider.ts';

/**
 * Which problems were told, by who has them: a file, or a key that several files declare.
 *
 * A problem is identified by its text on one line: one that moves to another line is cleared and told anew, in one batch.
 */
export class ProblemBook {
  readonly #byOwner = new Map<string, ReadonlyMap<string, Problem>>();

  /** Replaces what owners have and yields the events of the difference. */
  replace(problems: ReadonlyMap<string, readonly Problem[]>): ResourceEvent[] {
    const before = new Map<string, Problem>();
    const now = new Map<string, Problem>();
    for (const [owner, list] of problems) {
      for (const [id, problem] of this.#byOwner.get(owner) ?? []) before.set(id, problem);
      const own = new Map(list.map((problem) => [formatProblem(problem), problem]));
      for (const [id, problem] of own) now.set(id, problem);
      if (own.size === 0) this.#byOwner.delete(owner);
      else this.#byOwner.set(owner, own);
    }
    const cleared = [...before.keys()].filter((id) => !now.has(id));
    const told = [...now].filter(([id]) => !before.has(id));
    return [
      ...cleared.map((id): ResourceEvent => ({ kind: 'problem-cleared', id })),
      ...told.map(([id, problem]): ResourceEvent => ({ kind: 'problem', id, problem })),
    ];
  }

  /** Every problem that is not cleared. */
  all(): readonly Problem[] {
    return [...this.#byOwner.values()].flatMap((problems) => [...problems.values()]);
  }
}
