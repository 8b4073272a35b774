// A module for `sluice processor run`, and the handler that the others share: one request header in, one more out.
import { continueWith, defineProcessor } from 'sluice/extproc';

/** What every server answers: the header that greets whoever `x-name` names. */
export function greetingOf(name: string | undefined): string {
  return `hello ${name ?? 'stranger'}`;
}

export const processor = defineProcessor({
  onRequestHeaders: ({ headers }) =>
    continueWith({ headers: { set: { 'x-greeting': greetingOf(headers.get('x-name')) } } }),
});
