import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, Handler } from './kinds.ts';

/**
 * A container that takes longer over a probe hangs. A kubelet's second (`Probe.timeoutSeconds`) is too short here: probes are made
 * thirty times as often, by a process and of processes that share two cores with all others of the cluster. Milliseconds.
 */
const TIMEOUT = 15_000;

/** Whether what a probe asks for is so. A probe of a kind that nobody here uses is never so. */
export async function probe(handler: Handler, container: Container, address: string): Promise<boolean> {
  if (handler.httpGet !== undefined) {
    const { path = '/', port, scheme } = handler.httpGet;
    return get(scheme === 'HTTPS', address, portOf(port, container), path);
  }
  if (handler.tcpSocket !== undefined) return canConnect(address, portOf(handler.tcpSocket.port, container));
  return false;
}

/** The number of a port that may be a name of the container's. */
export function portOf(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  const number = Number(port);
  return Number.isInteger(number) ? number : (ports.find(({ name }) => name === port)?.containerPort ?? 0);
}

function get(isTls: boolean, host: string, port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = (isTls ? tlsRequest : plainRequest)(
      { host, port, path, timeout: TIMEOUT, rejectUnauthorized: false, agent: false },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      },
    );
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT });
    const done = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.on('connect', () => done(true));
    socket.on('timeout', () => done(false));
    socket.on('error', () => done(false));
  });
}
