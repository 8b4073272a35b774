import type { ParentReference } from '#controller/api/gen/types.d.ts';
import { compare } from '../resources/resources.ts';
import type { Verdict } from '../resources/verdict.ts';

/** What is said of a policy with regard to one ancestor (GEP-713, `PolicyAncestorStatus`). */
export interface AncestorReport {
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}

/** Most ancestors that a status has (GEP-713, `PolicyStatus.ancestors`). */
const MOST_ANCESTORS = 16;

/** Collects what is said of one policy, one verdict of each type for each ancestor. */
export class AncestorReports {
  readonly #reports = new Map<string, { readonly ref: ParentReference; readonly verdicts: Map<string, Verdict> }>();

  /** Says something, instead of what was said of that type before. */
  set(ref: ParentReference, verdict: Verdict): void {
    const key = `${ref.kind}/${ref.namespace ?? ''}/${ref.name}/${ref.sectionName ?? ''}`;
    const known = this.#reports.get(key) ?? { ref, verdicts: new Map<string, Verdict>() };
    this.#reports.set(key, known);
    known.verdicts.set(verdict.type, verdict);
  }

  /** Says that the policy is accepted, unless it was said that it is not. */
  accept(ref: ParentReference): void {
    const key = `${ref.kind}/${ref.namespace ?? ''}/${ref.name}/${ref.sectionName ?? ''}`;
    if (this.#reports.get(key)?.verdicts.has('Accepted') !== true) this.set(ref, ACCEPTED);
  }

  /** Everything that was said; of more ancestors than a status may have those that matter most. */
  list(): readonly AncestorReport[] {
    const all = [...this.#reports.values()].map(({ ref, verdicts }) => ({ ref, verdicts: inOrder(verdicts) }));
    if (all.length <= MOST_ANCESTORS) return all;
    const kept = all.sort(byImportance).slice(0, MOST_ANCESTORS);
    return kept.map((report, index) =>
      index === MOST_ANCESTORS - 1 ? { ...report, verdicts: [...report.verdicts, AGGREGATED] } : report,
    );
  }
}

/** What is said of a policy that can be enforced. */
export const ACCEPTED: Verdict = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'Policy has been accepted.',
};

const AGGREGATED: Verdict = {
  type: 'Aggregated',
  status: 'True',
  reason: 'Aggregated',
  message: 'Ancestors have been truncated because the number of policy ancestors exceeds 16.',
};

function inOrder(verdicts: ReadonlyMap<string, Verdict>): readonly Verdict[] {
  const accepted = verdicts.get('Accepted');
  const others = [...verdicts.values()].filter(({ type }) => type !== 'Accepted');
  return accepted === undefined ? others : [accepted, ...others];
}

function byImportance(a: AncestorReport, b: AncestorReport): number {
  return rank(a) - rank(b) || compare(a.ref.namespace ?? '', b.ref.namespace ?? '') || compare(a.ref.name, b.ref.name);
}

/** What is refused first, then what is overridden, then the rest. */
function rank({ verdicts }: AncestorReport): number {
  if (verdicts.some(({ type, status }) => type === 'Accepted' && status === 'False')) return 0;
  return verdicts.some(({ type }) => type === 'Overridden') ? 1 : 2;
}
