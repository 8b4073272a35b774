import { continueWith, defineProcessor, respondWith } from 'sluice/extproc';

/** Asks for the whole body of those requests that say so, and refuses one that is too short. */
export const processor = defineProcessor({
  onRequestHeaders: ({ headers }) =>
    headers.has('x-check')
      ? continueWith({ mode: { requestBody: 'buffered', responseHeaders: false } })
      : continueWith({ headers: { set: { 'x-checked': 'no' } } }),
  onRequestBody: ({ body }) =>
    body.length < 3
      ? respondWith({ status: 422, body: 'too short\n' })
      : continueWith({ body: `${body.length} bytes` }),
  onResponseHeaders: () => continueWith({ headers: { set: { 'x-response': 'seen' } } }),
});
