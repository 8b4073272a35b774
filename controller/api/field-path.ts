/** The way from an object's root to a value: field names and list indexes. */
export type FieldPath = readonly (string | number)[];

/** A path as it is written in messages: `spec.rules[0].path`, `metadata.annotations["a.b/c"]`; empty for the root. */
export function formatFieldPath(path: FieldPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[A-Za-z_$][\w$-]*$/u.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
