import { hash } from 'node:crypto';
import type { Agent as HttpAgent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { ApiServer } from './api-server.ts';
import { type Access, httpApiServer } from './http-api-server.ts';

/** A cluster that can be spoken to. */
export interface Cluster {
  readonly server: ApiServer;
  /** The namespace that the kubeconfig or the service account names. */
  readonly namespace: string | undefined;
}

/**
 * The cluster of the kubeconfig that `KUBECONFIG` or the home folder names, or of the pod's service account. Throws where
 * there is none of them, or it cannot be read.
 */
export async function connectCluster(userAgent: string): Promise<Cluster> {
  // The whole client has 20 times the code; its authentication is all that is wanted.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  config.loadFromDefault();
  const cluster = config.getCurrentCluster();
  // What it falls back to when it has found nothing.
  if (cluster === null || cluster.server === 'http://localhost:8080') {
    throw new Error('no cluster: set KUBECONFIG, or run it in a pod with a service account');
  }
  let kept: { readonly print: string; readonly agent: HttpAgent } | undefined;
  const access = async (): Promise<Access> => {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const headers: { [name: string]: string } = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
    if (typeof options.auth === 'string') {
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    // An agent of the client opens a connection for each request; only it knows the ways through proxies, though.
    if (cluster.proxyUrl !== undefined && isAgent(options.agent)) return { headers, agent: options.agent };
    const print = fingerprint(options);
    if (kept?.print !== print) {
      const old = kept?.agent;
      kept = { print, agent: await agentOf(cluster.server, options) };
      old?.destroy();
    }
    return { headers, agent: kept.agent };
  };
  return {
    server: httpApiServer({ url: cluster.server, access, userAgent }),
    namespace: config.getContextObject(config.currentContext)?.namespace,
  };
}

const TLS_FIELDS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'] as const;

/** Changes when certificates do: a connection is made with those of its time. */
function fingerprint(options: RequestOptions): string {
  return hash('sha256', JSON.stringify(TLS_FIELDS.map((field) => options[field])));
}

/** Node finds out by itself that the other side is gone only where it asks. */
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000 } as const;

async function agentOf(server: string, options: RequestOptions): Promise<HttpAgent> {
  if (server.startsWith('http:')) {
    const { Agent } = await import('node:http');
    return new Agent(KEEP_ALIVE);
  }
  const { Agent } = await import('node:https');
  const tls = Object.fromEntries(
    TLS_FIELDS.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
  );
  return new Agent({ ...KEEP_ALIVE, ...tls });
}

function isAgent(agent: RequestOptions['agent']): agent is HttpAgent {
  return typeof agent === 'object';
}
