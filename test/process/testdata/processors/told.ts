import { continueWith, defineProcessor } from 'sluice/extproc';

/** Tells the client what Envoy told the processor, and tries to write what it may and what it may not. */
export const processor = defineProcessor({
  onRequestHeaders: () =>
    continueWith({ metadata: { 'demo.notes': { user: 'ada' }, 'sluice.policy': { id: 'forged' } } }),
  onResponseHeaders: ({ attributes, metadata }) =>
    continueWith({
      headers: { set: { 'x-attributes': JSON.stringify(attributes), 'x-metadata': JSON.stringify(metadata) } },
    }),
});
