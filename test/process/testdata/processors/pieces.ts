import { continueWith, defineProcessor } from 'sluice/extproc';

/** Writes bodies in capitals, piece by piece, and says in how many pieces the response came. */
export const processor = defineProcessor({
  onRequestHeaders: () => continueWith({ headers: { remove: ['content-length'] } }),
  onRequestBody: ({ body }) => continueWith({ body: capitals(body) }),
  onResponseHeaders: () => continueWith({ headers: { remove: ['content-length'] } }),
  onResponseBody: ({ body }) => continueWith({ body: capitals(body) }),
});

function capitals(body: Uint8Array): string {
  return Buffer.from(body).toString('latin1').toUpperCase();
}
