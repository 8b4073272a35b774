import type { ApiRequest, ApiServer } from '#controller/kubernetes/api-server.ts';
import { at } from './value-at.ts';

/** A request that the API server refused. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

/** Asks, and throws an `ApiRefusal` where the answer is a refusal. Gives the body of the answer. */
export async function ask(api: ApiServer, request: ApiRequest): Promise<unknown> {
  const { status, body } = await api.ask(request);
  if (status >= 200 && status < 300) return body;
  throw new ApiRefusal(status, `${request.method} ${request.path}: ${status} ${messageIn(body)}`);
}

/** Every object under a path; the cache of the API server is asked. What is none of the kind is left out. */
export async function list<T>(
  api: ApiServer,
  path: string,
  isKind: (item: unknown) => item is T,
): Promise<readonly T[]> {
  const items = at(await ask(api, { method: 'GET', path, query: { resourceVersion: '0' } }), 'items');
  return Array.isArray(items) ? items.filter((item) => isKind(item)) : [];
}

/** The data of a Secret (base64) or ConfigMap. */
export async function dataOf(
  api: ApiServer,
  plural: 'secrets' | 'configmaps',
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, Buffer>>> {
  const body = await ask(api, { method: 'GET', path: `/api/v1/namespaces/${namespace}/${plural}/${name}` });
  const encoding = plural === 'secrets' ? 'base64' : 'utf8';
  const text = Object.entries(stringsIn(body, 'data')).map(([key, value]) => [key, Buffer.from(value, encoding)]);
  const binary = Object.entries(stringsIn(body, 'binaryData')).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64'),
  ]);
  return Object.fromEntries([...text, ...binary]);
}

/** Whether something went wrong because there is no such object, or it is another one by now. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiRefusal && (error.status === 404 || error.status === 409);
}

function stringsIn(value: unknown, name: string): Readonly<Record<string, string>> {
  const found = at(value, name);
  if (typeof found !== 'object' || found === null) return {};
  return Object.fromEntries(Object.entries(found).map(([key, text]) => [key, String(text)]));
}

function messageIn(body: unknown): string {
  const message = at(body, 'message');
  return typeof message === 'string' ? message : JSON.stringify(body);
}
