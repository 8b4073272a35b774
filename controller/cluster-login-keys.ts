import { isObject } from '#controller/api/compile.ts';
import { type LoginKeys, newLoginKeys, parseLoginKeys } from './infra/local/login-keys.ts';
import { type ApiServer, isGranted } from './kubernetes/api-server.ts';
import { resourcePath, statusMessage } from './kubernetes/resource-path.ts';

const SECRETS = { group: '', version: 'v1', plural: 'secrets' };
const NAME = 'sluice-login-keys';
const KEY = 'login-keys.json';

/**
 * The keys of logins, from a Secret in the controller's namespace: every replica has the same, and sessions outlive them all.
 * Whichever replica is first makes it. Rejects where it can be neither read nor made.
 */
export async function clusterLoginKeys(server: ApiServer, namespace: string): Promise<LoginKeys> {
  const known = await read(server, namespace);
  if (known !== undefined) return known;
  const { keys, text } = newLoginKeys();
  const answer = await server.ask({
    method: 'POST',
    path: resourcePath(SECRETS, { namespace }),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: NAME },
      type: 'Opaque',
      data: { [KEY]: Buffer.from(text).toString('base64') },
    },
  });
  if (isGranted(answer)) return keys;
  const others = answer.status === 409 ? await read(server, namespace) : undefined;
  if (others !== undefined) return others;
  throw new Error(`Secret ${namespace}/${NAME} cannot be made: ${answer.status} ${statusMessage(answer.body) ?? ''}`);
}

async function read(server: ApiServer, namespace: string): Promise<LoginKeys | undefined> {
  const answer = await server.ask({ method: 'GET', path: resourcePath(SECRETS, { namespace, name: NAME }) });
  if (answer.status === 404) return undefined;
  const data = isGranted(answer) && isObject(answer.body) ? answer.body['data'] : undefined;
  const encoded = isObject(data) ? data[KEY] : undefined;
  const keys =
    typeof encoded === 'string' ? parseLoginKeys(Buffer.from(encoded, 'base64').toString('utf8')) : undefined;
  if (keys !== undefined) return keys;
  throw new Error(
    isGranted(answer)
      ? `Secret ${namespace}/${NAME}: has no keys of logins; delete it to have new ones`
      : `Secret ${namespace}/${NAME} cannot be read: ${answer.status} ${statusMessage(answer.body) ?? ''}`,
  );
}
