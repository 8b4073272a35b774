import { defineProcessor } from '../processor/define-processor.ts';
import { continueWith } from '../processor/results.ts';
import { version } from '../runtime/version.ts';

/** Shows that Envoy and the sidecar reach each other: responses get `x-sluice-sidecar: <version>`. */
export const ping = defineProcessor({
  onResponseHeaders: () => continueWith({ headers: { set: { 'x-sluice-sidecar': version } } }),
});
