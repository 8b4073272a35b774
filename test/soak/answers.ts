import { connect } from 'node:tls';
import type { Answer } from '../bench/http-connection.ts';
import { untilAnswer } from '../bench/until-answer.ts';
import { HOST } from './manifests.ts';
import { PATIENCE } from './world.ts';

/** Where a Gateway is reached: a port, of loopback where no address is given. */
export interface Entrance {
  readonly address?: string;
  readonly port: number;
}

/** So many new connections in a row are answered so: every worker of every Envoy has had some of them. */
const EVERY_WORKER = 20;

/** Waits until a path is answered with a status by whichever worker of Envoy. */
export async function isEverywhere(entrance: Entrance, path: string, status: number): Promise<void> {
  const headers = { connection: 'close' } as const;
  const is = (answer: Answer): boolean => answer.status === status;
  await untilAnswer({ ...entrance, host: HOST, path, headers, is, inARow: EVERY_WORKER, within: PATIENCE });
}

/** Waits until a path is answered as it should be, with a token where one is given. */
export async function becomes(
  entrance: Entrance,
  path: string,
  is: { readonly status: number } | { readonly body: string },
  token?: string,
): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const isIt = ({ status, body }: Answer): boolean => ('status' in is ? status === is.status : body === is.body);
  await untilAnswer({ ...entrance, host: HOST, path, headers, is: isIt, within: PATIENCE });
}

/** The name of the certificate that is shown on a new connection; empty where there is none. */
export function certificateAt({ address = '127.0.0.1', port }: Entrance): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: address, servername: HOST, rejectUnauthorized: false }, () => {
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on('error', () => resolve(''));
  });
}
