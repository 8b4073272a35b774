import { createServer } from 'node:https';
import type { ContainerLog } from './container-log.ts';
import { NODE_ADDRESS } from './pod-network.ts';

/** Where API servers ask a node (kubelet). */
export const KUBELET_PORT = 10_250;

/** Finds what a container has written. */
export type FindLog = (namespace: string, pod: string, container: string) => ContainerLog | undefined;

/** Serves `kubectl logs`: what containers have written so far, without following. */
export async function serveKubelet(key: Buffer, certificate: Buffer, findLog: FindLog): Promise<() => void> {
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://node');
    const [, what, namespace = '', pod = '', container = ''] = url.pathname.split('/');
    const log = what === 'containerLogs' ? findLog(namespace, pod, container) : undefined;
    response.writeHead(log === undefined ? 404 : 200, { 'content-type': 'text/plain' });
    response.end(log?.since(sinceOf(url.searchParams)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(KUBELET_PORT, NODE_ADDRESS, resolve);
  });
  return () => server.close();
}

/** Milliseconds since 1970. */
function sinceOf(query: URLSearchParams): number {
  const [time, seconds] = [query.get('sinceTime'), query.get('sinceSeconds')];
  if (time !== null) return Date.parse(time);
  return seconds === null ? 0 : Date.now() - Number(seconds) * 1_000;
}
