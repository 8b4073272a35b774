/** A policy in `processors.yaml`: "<namespace>/<name>", or "<namespace>/<name>/<index>" for one of its processors. */
const REFERENCE = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)\/([a-z0-9]([-a-z0-9.]*[a-z0-9])?)(\/(0|[1-9][0-9]{0,5}))?$/;

/** Says whether text names a policy, or one of its processors. */
export function isPolicyReference(text: string): boolean {
  return REFERENCE.test(text);
}

/** Gives "<namespace>/<name>" of a "<namespace>/<name>/<index>", or `undefined` when the text has another form. */
export function policyOf(processor: string): string | undefined {
  const parts = processor.split('/');
  return parts.length === 3 ? parts.slice(0, 2).join('/') : undefined;
}
