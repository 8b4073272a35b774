import { isObject } from '#controller/api/compile.ts';

/** A right as "<group> <resource> <verb>", with the subresource: "apps deployments/status patch". */
type Right = string;

/** What was asked of an API server; `namespace` is empty for what is about all of them. */
export interface Use {
  readonly namespace: string;
  readonly right: Right;
}

/** What roles allow: everywhere, and within namespaces. */
export interface Grants {
  readonly everywhere: ReadonlySet<Right>;
  readonly within: ReadonlyMap<string, ReadonlySet<Right>>;
}

/** What of an audit log (audit.k8s.io/v1, an Event a line) a user was let do, and what not. */
export function rightsUsed(
  log: string,
  user: string,
): { readonly used: readonly Use[]; readonly refused: readonly Use[] } {
  const [used, refused] = [new Map<string, Use>(), new Map<string, Use>()];
  for (const line of log.split('\n')) {
    // The last line may not be whole yet.
    if (!line.includes(`"${user}"`) || !line.endsWith('}')) continue;
    const event: unknown = JSON.parse(line);
    const object = isObject(event) ? event['objectRef'] : undefined;
    if (!isObject(event) || !isObject(object)) continue;
    const { resource, subresource = '', apiGroup = '', namespace = '' } = object;
    const path = [resource, subresource].map(String).filter((part) => part !== '');
    const status = isObject(event['responseStatus']) ? event['responseStatus']['code'] : undefined;
    const into = isRefused(event, status) ? refused : used;
    // Server-side apply of what is not there yet takes the right to create it.
    const verbs = [String(event['verb']), ...(event['verb'] === 'patch' && status === 201 ? ['create'] : [])];
    for (const verb of verbs) {
      const right = `${String(apiGroup)} ${path.join('/')} ${verb}`;
      into.set(`${String(namespace)} ${right}`, { namespace: String(namespace), right });
    }
  }
  return { used: [...used.values()], refused: [...refused.values()] };
}

/** Whether the user has no right to it. What is refused otherwise, as in a namespace that is being deleted, is 403, too. */
function isRefused({ annotations }: { readonly [field: string]: unknown }, status: unknown): boolean {
  const decision = isObject(annotations) ? annotations['authorization.k8s.io/decision'] : undefined;
  return decision === undefined ? status === 403 : decision === 'forbid';
}

/** What a ClusterRole and Roles (as JSON) allow. */
export function grantsOf(...roles: readonly string[]): Grants {
  const everywhere = new Set<Right>();
  const within = new Map<string, Set<Right>>();
  for (const text of roles) {
    const role: unknown = JSON.parse(text);
    if (!isObject(role)) continue;
    const { metadata, rules } = role;
    const namespace = isObject(metadata) ? metadata['namespace'] : undefined;
    const into = typeof namespace === 'string' ? (within.get(namespace) ?? new Set()) : everywhere;
    if (typeof namespace === 'string') within.set(namespace, into);
    for (const rule of Array.isArray(rules) ? rules : []) for (const right of rightsOf(rule)) into.add(right);
  }
  return { everywhere, within };
}

/** What is granted and was never asked for, as "<namespace or everywhere>: <right>". Of two grants of the same the narrower one is used. */
export function grantedInVain({ everywhere, within }: Grants, used: readonly Use[]): readonly string[] {
  const placeOf = ({ namespace, right }: Use): string =>
    within.get(namespace)?.has(right) === true ? namespace : 'everywhere';
  const asked = new Set(used.map((use) => `${placeOf(use)}: ${use.right}`));
  const granted = [
    ...[...everywhere].map((right) => `everywhere: ${right}`),
    // What is granted everywhere is no more for being granted here, too.
    ...[...within].flatMap(([namespace, rights]) =>
      [...rights].filter((right) => !everywhere.has(right)).map((right) => `${namespace}: ${right}`),
    ),
  ];
  return granted.filter((grant) => !asked.has(grant)).toSorted();
}

function rightsOf(rule: unknown): readonly Right[] {
  const list = (field: string): readonly string[] =>
    isObject(rule) && Array.isArray(rule[field]) ? rule[field].map(String) : [];
  return list('apiGroups').flatMap((group) =>
    list('resources').flatMap((resource) => list('verbs').map((verb) => `${group} ${resource} ${verb}`)),
  );
}
