import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOwnHost } from './admin-host.ts';
import { nodeHttp } from './node-http.ts';

/** What the admin endpoint tells. */
export interface AdminSource {
  /** Why the controller is not ready; none when it is. */
  notReady(): readonly string[];
  /** The metrics in the text format of Prometheus, and the content type of that; undefined where they are not to be served. */
  metrics(): Promise<{ readonly text: string; readonly type: string } | undefined>;
  /**
   * Makes what answers for the services, which are spoken with Connect, gRPC-Web or curl; called with the first request. Left
   * out where everybody may ask: they tell everything.
   */
  readonly services?: () => Promise<Answering>;
}

/** Answers a request. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves `/readyz` (200, or 503 with the reasons), `/healthz`, `/metrics` and Connect services. Resolves with a function that
 * stops serving; rejects when the address is taken. Requests that name a host of others are refused (DNS rebinding).
 */
export async function serveAdmin(host: string, port: number, source: AdminSource): Promise<() => Promise<void>> {
  let services: Promise<Answering> | undefined;
  const server = nodeHttp().createServer((request: IncomingMessage, response: ServerResponse) => {
    // Who tells nothing but health and numbers is asked by any name that it has: by probes, by Prometheus.
    if (source.services === undefined || isOwnHost(request.headers.host, host)) {
      if (source.services !== undefined && request.url?.startsWith(SERVICES) === true) {
        services ??= source.services();
        void services.then((serve) => serve(request, response));
      } else void answerPath(request.url ?? '', response, source);
    } else answer(response, 421, 'this host is not served here; ask for the IP address or localhost\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
}

/** Where Connect puts the methods of our services: "/<service>/<method>". */
const SERVICES = '/sluice.admin.';

async function answerPath(url: string, response: ServerResponse, source: AdminSource): Promise<void> {
  const [path] = url.split('?');
  switch (path) {
    case '/healthz':
      answer(response, 200, 'ok\n');
      return;
    case '/readyz': {
      const reasons = source.notReady();
      answer(response, reasons.length === 0 ? 200 : 503, reasons.length === 0 ? 'ok\n' : `${reasons.join('\n')}\n`);
      return;
    }
    case '/metrics': {
      const metrics = await source.metrics().catch(() => 'failed' as const);
      if (metrics === 'failed') answer(response, 500, 'the metrics cannot be collected\n');
      else if (metrics === undefined)
        answer(response, 404, 'not served: telemetry.metrics.prometheus.disable is true\n');
      else answer(response, 200, metrics.text, metrics.type);
      return;
    }
    default:
      answer(response, 404, 'not found; served are /readyz, /healthz, /metrics and /sluice.admin.v1.Admin/\n');
  }
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body);
}
