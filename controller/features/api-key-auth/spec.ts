import type { APIKeyAuth } from '#controller/api/gen/types.d.ts';
import type { ApiKeyAuthIr } from '../../ir/credentials.ts';
import { handedOnProblem } from '../../resources/header-name.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { secretTexts } from '../oidc/secret.ts';

/**
 * Resolves `apiKeyAuth` of a SecurityPolicy in `namespace`; messages start with the field. Of Secrets each key is the name of a
 * client, its value the client's API key; of a client that is in several the first counts. No API key is in a message.
 */
export function resolveApiKeyAuth(
  spec: APIKeyAuth,
  namespace: string,
  resources: Resources,
): Outcome<ApiKeyAuthIr, 'Invalid'> {
  const clients = clientsOf(spec, namespace, resources);
  if (!clients.ok) return clients;
  const sources = spec.extractFrom.flatMap(({ headers = [], params = [], cookies = [] }) => [
    ...headers.map((name) => ({ kind: 'header', name: name.toLowerCase() }) as const),
    ...params.map((name) => ({ kind: 'query', name }) as const),
    ...cookies.map((name) => ({ kind: 'cookie', name }) as const),
  ]);
  if (sources.length === 0) {
    return refusal('Invalid', 'apiKeyAuth.extractFrom: found no place for keys, accepted is one or more');
  }
  const { forwardClientIDHeader: header, sanitize } = spec;
  const problem = header === undefined ? undefined : handedOnProblem(header);
  if (problem !== undefined) return refusal('Invalid', `apiKeyAuth.forwardClientIDHeader: ${problem}`);
  return success({
    secrets: spec.credentialRefs.map((ref) => `${ref.namespace ?? namespace}/${ref.name}`),
    clients: clients.value,
    sources,
    forwardHeader: header?.toLowerCase(),
    hidesKey: sanitize ?? false,
  });
}

function clientsOf(
  { credentialRefs }: APIKeyAuth,
  namespace: string,
  resources: Resources,
): Outcome<ApiKeyAuthIr['clients'], 'Invalid'> {
  const keys = new Map<string, string>();
  for (const [index, ref] of credentialRefs.entries()) {
    const at = `apiKeyAuth.credentialRefs[${index}]`;
    const found = secretTexts(ref, at, namespace, resources);
    if (!found.ok) return found;
    for (const [client, key] of found.value) {
      if (keys.has(client)) continue;
      if (key === '') return refusal('Invalid', `${at}: found an empty key for client ${client}`);
      const other = [...keys].find(([, known]) => known === key)?.[0];
      // Who would it be?
      if (other !== undefined) return refusal('Invalid', `${at}: found one key for clients ${other} and ${client}`);
      keys.set(client, key);
    }
  }
  if (keys.size === 0) return refusal('Invalid', 'apiKeyAuth.credentialRefs: found no client, accepted is one or more');
  return success([...keys].map(([client, apiKey]) => ({ client, apiKey })));
}
