import { type ServerDuplexStream, status } from '@grpc/grpc-js';

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

/**
 * Ends a stream on which something came that cannot be read, as if it had failed. One that is destroyed stays open to its client, which
 * would wait for answers, and be waited for.
 */
export function sendAway(stream: RawStream): void {
  stream.pause();
  stream.emit('error', { code: status.INVALID_ARGUMENT, details: 'a message that cannot be read' });
}
