import type { BasicAuth } from '#controller/api/gen/types.d.ts';
import type { BasicAuthIr } from '../../ir/credentials.ts';
import { handedOnProblem } from '../../resources/header-name.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { secretText } from '../oidc/secret.ts';

/** The key of the Secret with the users (Envoy Gateway API, `BasicAuth.users`). */
const USERS_KEY = '.htpasswd';
/** The only hashes that Envoy takes: SHA-1 in base64 (envoy.extensions.filters.http.basic_auth.v3). */
const USER = /^[^:]+:\{SHA\}[A-Za-z0-9+/]{27}=$/u;

/** Resolves `basicAuth` of a SecurityPolicy in `namespace`; messages start with the field. Nothing of a user is in a message. */
export function resolveBasicAuth(
  { users: ref, forwardUsernameHeader }: BasicAuth,
  namespace: string,
  resources: Resources,
): Outcome<BasicAuthIr, 'Invalid'> {
  const text = secretText(ref, USERS_KEY, 'basicAuth.users', namespace, resources);
  if (!text.ok) return text;
  const lines = text.value.split(/\r?\n/u).map((line) => line.trim());
  const users: string[] = [];
  const names = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const at = `basicAuth.users: Secret ${ref.namespace ?? namespace}/${ref.name}: ${USERS_KEY}: line ${index + 1}`;
    if (!USER.test(line)) return refusal('Invalid', `${at}: accepted is name:{SHA}hash, as htpasswd -s writes it`);
    const name = line.slice(0, line.indexOf(':'));
    if (names.has(name)) return refusal('Invalid', `${at}: found a name that another line has, too`);
    names.add(name);
    users.push(line);
  }
  if (users.length === 0) return refusal('Invalid', 'basicAuth.users: found no user, accepted is one or more');
  const problem = forwardUsernameHeader === undefined ? undefined : handedOnProblem(forwardUsernameHeader);
  if (problem !== undefined) return refusal('Invalid', `basicAuth.forwardUsernameHeader: ${problem}`);
  const secret = `${ref.namespace ?? namespace}/${ref.name}`;
  return success({ secret, users, forwardHeader: forwardUsernameHeader?.toLowerCase() });
}
