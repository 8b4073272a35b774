import { fraction } from '../gateway-api/fraction.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { map, named, oneOf, required, string, withDefault } from '../schema.ts';

const customTag = named(
  'CustomTag',
  {
    type: withDefault(oneOf(['Literal', 'Environment', 'RequestHeader']), 'Literal'),
    literal: named('LiteralCustomTag', { value: required(string()) }),
    environment: named('EnvironmentCustomTag', { name: required(string()), defaultValue: string() }),
    requestHeader: named('RequestHeaderCustomTag', { name: required(string()), defaultValue: string() }),
  },
  { rules: memberRules({ Literal: 'literal', Environment: 'environment', RequestHeader: 'requestHeader' }) },
);

/** What traces of a proxy or of a route have in common. */
export const tracingFields = {
  samplingFraction: fraction,
  clientSamplingFraction: fraction,
  overallSamplingFraction: fraction,
  customTags: map(customTag),
  tags: map(string()),
  spanName: named('TracingSpanName', { server: required(string()), client: required(string()) }),
};
