/** A way to the API server on which answers are late, watches say nothing, and requests are refused: as a test says, while it runs. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_ADDRESS } from './node/pod-network.ts';

/** How an API server seems to be. */
export interface Mood {
  /** Every answer is so late. Milliseconds. */
  readonly delay?: number;
  /** Every request is refused with this status, and `Retry-After` in seconds where there is one. */
  readonly refuse?: { readonly status: number; readonly retryAfter?: number };
  /** Watches say nothing; what happens is told when that is over. */
  readonly isStalled?: boolean;
}

/** The way, at NODE_ADDRESS. */
export interface Detour {
  readonly port: number;
  /** Requests so far. */
  readonly asked: number;
  /** From now on it is so; what is held back is told where that is over. */
  feel(mood: Mood): void;
  /** Ends every watch, without a word. */
  cut(): void;
  close(): Promise<void>;
}

const API_PORT = 6_443;

/** Opens a way to the API server of the cluster whose folder this is, with that server's own certificate. */
export async function openDetour(folder: string): Promise<Detour> {
  const pki = (name: string): Buffer => readFileSync(join(folder, 'control-plane', 'pki', name));
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const state: { asked: number; mood: Mood; held: (() => void)[] } = { asked: 0, mood: {}, held: [] };
  const watches = new Set<ServerResponse>();

  const serve = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    state.asked += 1;
    const body = await buffer(asked);
    if (state.mood.delay !== undefined) await sleep(state.mood.delay);
    const { refuse } = state.mood;
    if (refuse !== undefined) {
      const { status, retryAfter } = refuse;
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
      const text = JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code: status,
        message: 'not now',
      });
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
      return;
    }
    const { method = 'GET', url = '/', headers } = asked;
    const isWatch = url.includes('watch=true');
    const sent = request({ host: NODE_ADDRESS, port: API_PORT, method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!isWatch) {
        answer.pipe(response);
        return;
      }
      watches.add(response);
      response.flushHeaders();
      const tell = (act: () => void): void => {
        if (state.mood.isStalled === true) state.held.push(act);
        else act();
      };
      answer.on('data', (chunk: Buffer) => tell(() => response.write(chunk)));
      answer.on('end', () => tell(() => response.end()));
    });
    sent.on('error', () => response.destroy());
    response.on('close', () => {
      watches.delete(response);
      if (!response.writableFinished) sent.destroy();
    });
    sent.end(body);
  };

  const server = createServer({ key: pki('apiserver.key'), cert: pki('apiserver.crt') }, (asked, response) => {
    serve(asked, response).catch(() => response.destroy());
  });
  server.listen(0, NODE_ADDRESS);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the detour listens on no port');
  return {
    port: address.port,
    get asked() {
      return state.asked;
    },
    feel: (mood) => {
      state.mood = mood;
      if (mood.isStalled === true) return;
      for (const act of state.held.splice(0)) act();
    },
    cut: () => {
      for (const watch of watches) watch.destroy();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
