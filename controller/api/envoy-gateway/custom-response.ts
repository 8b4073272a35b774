import { localObjectReference } from '../gateway-api/references.ts';
import { httpToken } from '../kubernetes/names.ts';
import { array, integer, named, oneOf, required, string, withDefault } from '../schema.ts';

const header = named('HeaderToSet', {
  name: required(string(httpToken)),
  value: required(string({ minLength: 1, maxLength: 4096 })),
});

/** Headers of an answer that the proxy itself gives: there is nothing to remove. */
const responseHeaders = named(
  'CustomResponseHeaders',
  {
    set: array(header, { maxItems: 16, mapKeys: ['name'] }),
    add: array(header, { maxItems: 16, mapKeys: ['name'] }),
    remove: array(string(), { maxItems: 16, set: true }),
  },
  {
    rules: [
      { rule: '!has(self.remove) || size(self.remove) == 0', message: 'must be absent here', fieldPath: ['remove'] },
    ],
  },
);

/** The body of such an answer: in place, or in a ConfigMap. */
export const customResponseBody = named(
  'CustomResponseBody',
  {
    type: withDefault(oneOf(['Inline', 'ValueRef']), 'Inline'),
    inline: string(),
    valueRef: localObjectReference,
  },
  {
    rules: [
      {
        rule: "self.type != 'Inline' || has(self.inline)",
        message: 'must be present when type is Inline',
        fieldPath: ['inline'],
      },
      {
        rule: "self.type != 'ValueRef' || has(self.valueRef)",
        message: 'must be present when type is ValueRef',
        fieldPath: ['valueRef'],
      },
      {
        rule: "!has(self.valueRef) || self.valueRef.kind == 'ConfigMap'",
        message: "must be 'ConfigMap'",
        fieldPath: ['valueRef', 'kind'],
      },
    ],
  },
);

/** An answer that the proxy gives. */
export const customResponseFields = {
  contentType: string(),
  body: customResponseBody,
  statusCode: integer({ minimum: 100, maximum: 599 }),
  header: responseHeaders,
};
