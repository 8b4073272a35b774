import { json, named, oneOf, required, string } from '../schema.ts';

/** One operation (RFC 6902); `jsonPath` selects the places instead of, or before, `path`. */
export const jsonPatchOperation = named('JSONPatchOperation', {
  op: required(oneOf(['add', 'remove', 'replace', 'move', 'copy', 'test'])),
  path: string(),
  jsonPath: string(),
  from: string(),
  value: json(),
});
