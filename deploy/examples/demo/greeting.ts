import { continueWith, defineProcessor } from 'sluice/extproc';

/** Answers with a greeting for whoever the query names, whatever the back-end said. */
export default defineProcessor({
  createContext: () => ({ name: 'stranger' }),
  onRequestHeaders: ({ headers, context }) => {
    const query = new URL(headers.get(':path') ?? '/', 'http://demo').searchParams;
    context.name = query.get('name') ?? context.name;
  },
  onResponseBody: ({ context }) => continueWith({ body: `Hello, ${context.name}! A processor wrote this.\n` }),
});
