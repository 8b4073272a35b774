import { array, boolean, duration, named, oneOf, string, withDefault } from '../schema.ts';
import { backendRefKindRules, externalServiceFields, noBackendRef } from './external-service.ts';
import { errorStatus } from './numbers.ts';

const attribute = string({
  pattern: '^(connection\\.|source\\.|destination\\.|request\\.|response\\.|upstream\\.|xds\\.route_)[a-z_1-9]*$',
  patternHint: 'an Envoy attribute such as request.path',
});

const modes = named('ProcessingModeOptions', {
  body: oneOf(['Streamed', 'Buffered', 'BufferedPartial', 'FullDuplexStreamed']),
  attributes: array(attribute),
});

function bodyIs(side: string, test: string): string {
  return `(has(self.processingMode.${side}) && has(self.processingMode.${side}.body) && self.processingMode.${side}.body ${test})`;
}

/** An outside service sees and changes requests and responses (Envoy ext_proc). */
export const extProc = named(
  'ExtProc',
  {
    ...externalServiceFields,
    messageTimeout: duration(),
    failOpen: withDefault(boolean(), false),
    processingMode: named('ExtProcProcessingMode', {
      request: modes,
      response: modes,
      allowModeOverride: boolean(),
    }),
    shadowMode: boolean(),
    metadata: named('ExtProcMetadata', {
      accessibleNamespaces: array(string()),
      writableNamespaces: array(string(), {
        maxItems: 8,
        rules: [
          {
            rule: "self.all(name, !name.startsWith('envoy.filters.http'))",
            message: "must not begin with 'envoy.filters.http', which is Envoy's own",
          },
        ],
      }),
    }),
    statusOnError: errorStatus,
  },
  {
    rules: [
      noBackendRef,
      ...backendRefKindRules,
      {
        rule: `!self.failOpen || !has(self.processingMode) || !(${bodyIs('request', "== 'FullDuplexStreamed'")} || ${bodyIs('response', "== 'FullDuplexStreamed'")})`,
        message: 'must be false when a body is FullDuplexStreamed',
        fieldPath: ['failOpen'],
      },
      {
        rule: `!has(self.shadowMode) || !self.shadowMode || !has(self.processingMode) || !(${bodyIs('request', "!= 'Streamed'")} || ${bodyIs('response', "!= 'Streamed'")})`,
        message: 'must be false unless every body is Streamed',
        fieldPath: ['shadowMode'],
      },
    ],
  },
);
