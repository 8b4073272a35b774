import { pathModifierOf } from '../gateway-api/path-modifier.ts';
import { httpToken, preciseHostname } from '../kubernetes/names.ts';
import { array, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { customResponseFields } from './custom-response.ts';
import { stringMatch } from './string-match.ts';

const status = integer({ minimum: 100, maximum: 599 });

const statusCodeMatch = named(
  'StatusCodeMatch',
  {
    type: withDefault(oneOf(['Value', 'Range']), 'Value'),
    value: status,
    range: named(
      'StatusCodeRange',
      { start: required(status), end: required(status) },
      { rules: [{ rule: 'self.end > self.start', message: 'must be above start', fieldPath: ['end'] }] },
    ),
  },
  {
    rules: [
      {
        rule: "self.type != 'Value' || has(self.value)",
        message: 'must be present when type is Value',
        fieldPath: ['value'],
      },
      {
        rule: "self.type != 'Range' || has(self.range)",
        message: 'must be present when type is Range',
        fieldPath: ['range'],
      },
    ],
  },
);

/** One answer in another's place. */
export const responseOverride = named(
  'ResponseOverride',
  {
    match: required(
      named(
        'CustomResponseMatch',
        {
          statusCodes: array(statusCodeMatch, { minItems: 1, maxItems: 50 }),
          responseHeaders: array(
            named('ResponseOverrideHeaderMatch', { name: required(string(httpToken)), value: required(stringMatch) }),
            { minItems: 1, maxItems: 16 },
          ),
        },
        {
          rules: [
            {
              rule: 'has(self.statusCodes) || has(self.responseHeaders)',
              message: 'must have statusCodes, responseHeaders or both',
            },
          ],
        },
      ),
    ),
    response: named('CustomResponse', customResponseFields),
    redirect: named('CustomRedirect', {
      scheme: oneOf(['http', 'https']),
      hostname: string(preciseHostname),
      path: pathModifierOf([
        { rule: "self.type == 'ReplaceFullPath'", message: "must be 'ReplaceFullPath' here", fieldPath: ['type'] },
      ]),
      port: integer({ minimum: 1, maximum: 65_535 }),
      statusCode: withDefault(integer({ enum: [301, 302] }), 302),
    }),
    source: oneOf(['All', 'Local', 'Backend']),
  },
  {
    rules: [
      { rule: 'has(self.response) != has(self.redirect)', message: 'must have exactly one of response and redirect' },
    ],
  },
);
