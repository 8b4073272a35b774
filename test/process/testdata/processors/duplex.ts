import { continueWith, defineProcessor } from 'sluice/extproc';

/** Counts the bytes of the request on the way and says so in its trailers; leaves out every second byte of the response. */
export const processor = defineProcessor({
  createContext: () => ({ bytes: 0, position: 0 }),
  onRequestBody: ({ body, context }) => {
    context.bytes += body.length;
  },
  onRequestTrailers: ({ context }) => continueWith({ trailers: { set: { 'x-bytes': String(context.bytes) } } }),
  onResponseBody: ({ body, context }) => {
    const start = context.position;
    context.position += body.length;
    return continueWith({ body: body.filter((_, index) => (start + index) % 2 === 0) });
  },
  onResponseTrailers: ({ trailers }) =>
    continueWith({ trailers: { set: { 'x-seen': trailers.get('x-sum') ?? 'none' } } }),
});
