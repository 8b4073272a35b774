/** Requests without a pause, and what became of each of them: what a test of "no request is lost" counts. */
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** What became of the requests. */
export interface TrafficReport {
  readonly sent: number;
  /** Whatever was not answered as expected, with what came instead; empty is what is wished. */
  readonly lost: readonly string[];
  /** Connections that the clients that keep theirs had to make. */
  readonly connections: number;
}

/** Traffic that goes on until it is stopped. */
export interface SteadyTraffic {
  /** What became of the requests so far. */
  readonly report: TrafficReport;
  stop(): Promise<TrafficReport>;
}

/** Clients that keep their connection, and others that make one for each request. */
const CLIENTS = { keeping: 4, fresh: 2 };
/** Between two requests of a client. Milliseconds. */
const PAUSE = 10;
/** A request that takes longer is lost. Milliseconds. */
const PATIENCE = 30_000;

/** Sends GET requests to a URL by several clients at once; what is not answered with the status that is expected is lost. */
export function sendSteadily(
  url: string,
  headers: { readonly [name: string]: string } = {},
  expected = 200,
): SteadyTraffic {
  const kept = { keepAlive: true, maxSockets: CLIENTS.keeping };
  const agent = url.startsWith('https:') ? new TlsAgent(kept) : new Agent(kept);
  const state = { sent: 0, connections: 0, isStopped: false };
  const lost: string[] = [];
  const client = async (keeps: boolean): Promise<void> => {
    while (!state.isStopped) {
      const came = await once(url, headers, keeps ? agent : undefined, () => {
        if (keeps) state.connections += 1;
      });
      state.sent += 1;
      if (came !== String(expected))
        lost.push(`${new Date().toISOString()} ${keeps ? 'kept' : 'fresh'} connection: ${came}`);
      await sleep(PAUSE);
    }
  };
  const clients = [
    ...Array.from({ length: CLIENTS.keeping }, () => client(true)),
    ...Array.from({ length: CLIENTS.fresh }, () => client(false)),
  ];
  const report = (): TrafficReport => ({ sent: state.sent, lost: [...lost], connections: state.connections });
  return {
    get report() {
      return report();
    },
    stop: async () => {
      state.isStopped = true;
      await Promise.all(clients);
      agent.destroy();
      return report();
    },
  };
}

/** One request; gives its status, or why there is none. */
function once(
  url: string,
  headers: { readonly [name: string]: string },
  agent: Agent | undefined,
  connected: () => void,
): Promise<string> {
  return new Promise((resolve) => {
    // Whose certificate it is, is not what is asked here.
    const options = { agent: agent ?? false, headers, timeout: PATIENCE, rejectUnauthorized: false };
    const sent = (url.startsWith('https:') ? tlsRequest : request)(url, options, (response) => {
      response.on('error', (error) => resolve(`cut while it was answered: ${error.message}`));
      response.on('end', () => resolve(String(response.statusCode)));
      response.resume();
    });
    // An agent that has a connection uses it again.
    sent.once('socket', (socket) => {
      if (socket.connecting) connected();
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (error) => resolve(error.message));
    sent.end();
  });
}
