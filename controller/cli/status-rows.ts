/** An object as `sluice.admin.v1.Admin/ListStatus` gives it. */
export interface ShownObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status: {
    readonly conditions?: readonly ShownCondition[];
    readonly listeners?: readonly ShownListener[];
    readonly parents?: readonly ShownParent[];
    readonly ancestors?: readonly ShownParent[];
  };
}

/** A condition as Kubernetes shows it. */
export interface ShownCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

type ShownListener = { readonly name: string; readonly conditions: readonly ShownCondition[] };
type ShownReference = {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
};
type ShownParent = {
  readonly parentRef?: ShownReference;
  readonly ancestorRef?: ShownReference;
  readonly conditions: readonly ShownCondition[];
};

/** One line of the table: an object as a whole, one of its listeners, or its place with one parent. */
export interface StatusRow {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** The listener or the parent; empty for the object as a whole. */
  readonly of: string;
  /** The conditions that hold, or, where one is not as it should be, those that are not: "Accepted=False (Invalid)". */
  readonly state: string;
  readonly message: string;
  readonly isGood: boolean;
}

/** Conditions that are well when they are False, or when they are not there (Gateway API). */
const WELL_WHEN_FALSE: ReadonlySet<string> = new Set([
  'Conflicted',
  'PartiallyInvalid',
  'Overridden',
  'OverlappingTLSConfig',
  'InsecureFrontendValidationMode',
  'Warning',
]);

/** The lines that an object has in the table. */
export function statusRows({ kind, metadata, status }: ShownObject): readonly StatusRow[] {
  const row = (of: string, conditions: readonly ShownCondition[]): StatusRow => ({
    namespace: metadata.namespace ?? '',
    kind,
    name: metadata.name,
    of,
    ...judge(conditions),
  });
  return [
    ...(status.conditions === undefined ? [] : [row('', status.conditions)]),
    ...(status.listeners ?? []).map(({ name, conditions }) => row(`listener ${name}`, conditions)),
    ...[...(status.parents ?? []), ...(status.ancestors ?? [])].map(({ parentRef, ancestorRef, conditions }) =>
      row(describe(parentRef ?? ancestorRef), conditions),
    ),
  ];
}

function describe(ref: ShownReference | undefined): string {
  if (ref === undefined) return '';
  const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
  return `${ref.kind ?? 'Gateway'} ${name}${ref.sectionName === undefined ? '' : ` ${ref.sectionName}`}`;
}

function judge(conditions: readonly ShownCondition[]): Pick<StatusRow, 'state' | 'message' | 'isGood'> {
  const bad = conditions.filter(({ type, status }) => (status === 'True') === WELL_WHEN_FALSE.has(type));
  if (bad.length === 0) {
    const good = conditions.filter(({ type }) => !WELL_WHEN_FALSE.has(type)).map(({ type }) => type);
    return { state: good.join(','), message: '', isGood: true };
  }
  return {
    state: bad.map(({ type, status, reason }) => `${type}=${status} (${reason})`).join(','),
    message: [...new Set(bad.map(({ message }) => message))].join('; '),
    isGood: false,
  };
}
