import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** A stream of raw messages: nothing is decoded or encoded by grpc-js. */
export type RawStream = ServerDuplexStream<Buffer, Buffer>;

/** Calls once when a stream has ended, however. */
export function whenEnded(stream: RawStream, ended: () => void): void {
  let isEnded = false;
  for (const event of ['end', 'cancelled', 'error'] as const) {
    stream.on(event, () => {
      if (!isEnded) ended();
      isEnded = true;
    });
  }
}

/** How the messages of a client are followed. */
export interface Following<M> {
  /** Throws where bytes are no message. */
  readonly decode: (bytes: Buffer) => M;
  readonly receive: (message: M) => void;
  /** Who sends what: "an agent sent what is no AgentMessage". */
  readonly unreadable: string;
  readonly log: Logger;
}

/** Follows the messages of a client. One that cannot be read sends the client away; what is thrown at one that can is our bug. */
export function followMessages<M>(stream: RawStream, { decode, receive, unreadable, log }: Following<M>): void {
  const decoded = (bytes: Buffer): { readonly message: M } | undefined => {
    try {
      return { message: decode(bytes) };
    } catch {
      return undefined;
    }
  };
  stream.on('data', (bytes: Buffer) => {
    const read = decoded(bytes);
    if (read === undefined) {
      log.error(unreadable);
      sendAway(stream);
      return;
    }
    try {
      receive(read.message);
    } catch (error) {
      // Were the stream ended, the client would come again with the same words, and again.
      log.error({ err: error }, 'what a client said could not be followed; what serves keeps serving');
    }
  });
  stream.on('end', () => stream.end());
}

/**
 * Ends a stream on which something came that cannot be read, as if it had failed. One that is destroyed stays open to its client, which
 * would wait for answers, and be waited for.
 */
function sendAway(stream: RawStream): void {
  stream.pause();
  stream.emit('error', { code: status.INVALID_ARGUMENT, details: 'a message that cannot be read' });
}
