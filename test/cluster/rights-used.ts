import { isObject } from '#controller/api/compile.ts';

/** Rights as "<group> <resource> <verb>", with the subresource: "apps deployments/status patch". */
export type Rights = ReadonlySet<string>;

/** What of an audit log (audit.k8s.io/v1, an Event a line) a user was let do, and what not. */
export function rightsUsed(log: string, user: string): { readonly used: Rights; readonly refused: Rights } {
  const [used, refused] = [new Set<string>(), new Set<string>()];
  for (const line of log.split('\n')) {
    if (!line.includes(`"${user}"`)) continue;
    const event: unknown = JSON.parse(line);
    const object = isObject(event) ? event['objectRef'] : undefined;
    if (!isObject(event) || !isObject(object)) continue;
    const { resource, subresource = '', apiGroup = '' } = object;
    const path = [resource, subresource].map(String).filter((part) => part !== '');
    const what = `${String(apiGroup)} ${path.join('/')}`;
    const status = isObject(event['responseStatus']) ? event['responseStatus']['code'] : undefined;
    const into = status === 403 ? refused : used;
    into.add(`${what} ${String(event['verb'])}`);
    // Server-side apply of what is not there yet takes the right to create it.
    if (event['verb'] === 'patch' && status === 201) into.add(`${what} create`);
  }
  return { used, refused };
}

/** What roles (as JSON) allow. */
export function rightsOf(...roles: readonly string[]): Rights {
  const rules = roles.flatMap((role): unknown[] => {
    const parsed: unknown = JSON.parse(role);
    return isObject(parsed) && Array.isArray(parsed['rules']) ? parsed['rules'] : [];
  });
  return new Set(
    rules.flatMap((rule) => {
      const list = (field: string): readonly string[] =>
        isObject(rule) && Array.isArray(rule[field]) ? rule[field].map(String) : [];
      return list('apiGroups').flatMap((group) =>
        list('resources').flatMap((resource) => list('verbs').map((verb) => `${group} ${resource} ${verb}`)),
      );
    }),
  );
}
