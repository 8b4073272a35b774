import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { OverridingAnswerIr, ResponseOverrideIr, TextMatchIr } from '../../ir/traffic.ts';
import { any, type Init } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

type Predicate = Init<'xds.type.matcher.v3.Matcher.MatcherList.Predicate'>;
type Redirect = Extract<OverridingAnswerIr, { readonly kind: 'redirect' }>;
type StringMatcher = Init<'xds.type.matcher.v3.StringMatcher'>;

const LOCAL_RESPONSE = 'envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy';
const CUSTOM_RESPONSE = 'envoy.extensions.filters.http.custom_response.v3.CustomResponse';

/** Envoy's custom response filter, before everything else: what any other filter answers goes through it. */
export const responseOverrideFilter: NativeFilter = {
  name: 'envoy.filters.http.custom_response',
  config: () => any(CUSTOM_RESPONSE, {}),
  perRoute: ({ responseOverrides = [] }) =>
    responseOverrides.length === 0 ? undefined : any(CUSTOM_RESPONSE, customResponse(responseOverrides)),
};

function customResponse(overrides: readonly ResponseOverrideIr[]): Init<typeof CUSTOM_RESPONSE> {
  const matchers = overrides.map((override) => ({
    predicate: both(predicatesOf(override)),
    onMatch: {
      onMatch: { case: 'action', value: { name: 'answer', typedConfig: answer(override.answer) } } as const,
    },
  }));
  return { customResponseMatcher: { matcherType: { case: 'matcherList', value: { matchers } } } };
}

function predicatesOf({ statuses, headers, source }: ResponseOverrideIr): Predicate[] {
  const isLocal: Predicate[] =
    source === undefined
      ? []
      : [
          single(
            'HttpResponseLocalReplyMatchInput',
            any('envoy.type.matcher.v3.HttpResponseLocalReplyMatchInput', {}),
            exact(String(source === 'local')),
          ),
        ];
  return [...(statuses.length === 0 ? [] : [statusIs(statuses)]), ...headers.map(headerIs), ...isLocal];
}

function both(predicates: Predicate[]): Predicate {
  const [only] = predicates;
  if (predicates.length === 1 && only !== undefined) return only;
  return { matchType: { case: 'andMatcher', value: { predicate: predicates } } };
}

/** One comparison for all statuses: of a range in the middle of a class it spells out every status. */
function statusIs(statuses: ResponseOverrideIr['statuses']): Predicate {
  const input = any('envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput', {});
  const [only] = statuses;
  const value: StringMatcher =
    statuses.length === 1 && only?.from === only?.to
      ? exact(String(only?.from))
      : { matchPattern: { case: 'safeRegex', value: regex(statuses.flatMap(alternatives).join('|')) } };
  return single('status', input, value);
}

function alternatives({ from, to }: { readonly from: number; readonly to: number }): readonly string[] {
  const found: string[] = [];
  for (let status = from; status <= to; status += 1) {
    if (status % 100 === 0 && status + 99 <= to) {
      found.push(`${status / 100}[0-9][0-9]`);
      status += 99;
    } else found.push(String(status));
  }
  return found;
}

function headerIs({ name, kind, value }: TextMatchIr): Predicate {
  const input = any('envoy.type.matcher.v3.HttpResponseHeaderMatchInput', { headerName: name });
  return single('header', input, stringMatcher(kind, value));
}

function stringMatcher(kind: TextMatchIr['kind'], value: string): StringMatcher {
  switch (kind) {
    case 'exact':
    case 'prefix':
    case 'suffix':
      return { matchPattern: { case: kind, value } };
    case 'regex':
      return { matchPattern: { case: 'safeRegex', value: regex(value) } };
    default:
      return kind satisfies never;
  }
}

function regex(text: string): Init<'xds.type.matcher.v3.RegexMatcher'> {
  return { engineType: { case: 'googleRe2', value: {} }, regex: text };
}

function exact(value: string): StringMatcher {
  return { matchPattern: { case: 'exact', value } };
}

function single(name: string, typedConfig: Any, value: StringMatcher): Predicate {
  return {
    matchType: {
      case: 'singlePredicate',
      value: { input: { name, typedConfig }, matcher: { case: 'valueMatch', value } },
    },
  };
}

const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = enumMembers(
  'envoy.config.core.v3.HeaderValueOption.HeaderAppendAction',
);

function answer(ir: OverridingAnswerIr): Any {
  switch (ir.kind) {
    case 'response': {
      const type = ir.contentType === undefined ? [] : [{ name: 'content-type', value: ir.contentType }];
      return any(LOCAL_RESPONSE, {
        ...(ir.status === undefined ? {} : { statusCode: ir.status }),
        ...(ir.body === undefined || ir.body === ''
          ? {}
          : { bodyFormat: { format: { case: 'textFormat', value: ir.body } } }),
        responseHeadersToAdd: [
          ...[...type, ...ir.set].map(({ name, value }) => option(name, literal(value), OVERWRITE_IF_EXISTS_OR_ADD)),
          ...ir.add.map(({ name, value }) => option(name, literal(value), APPEND_IF_EXISTS_OR_ADD)),
        ],
      });
    }
    case 'redirect':
      return any(LOCAL_RESPONSE, {
        statusCode: ir.status,
        // Envoy's own redirect policy would ask for the answer there itself instead of telling the client.
        responseHeadersToAdd: [option('location', location(ir), OVERWRITE_IF_EXISTS_OR_ADD)],
      });
    default:
      return ir satisfies never;
  }
}

/**
 * The address to which a client is sent. What is not said stays what the client asked for, or what the route made of it:
 * Envoy keeps no path or host from before a rewrite, and cannot tell a host without its port.
 */
function location({ scheme, hostname = '%REQ(:AUTHORITY)%', port, path }: Redirect): string {
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  return `${scheme ?? '%REQ(:SCHEME)%'}://${authority}${path === undefined ? '%REQ(:PATH)%' : literal(path)}`;
}

/** Envoy formats values: a percent sign of the user's is doubled so that it stays one. */
function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

function option(
  key: string,
  value: string,
  appendAction: typeof OVERWRITE_IF_EXISTS_OR_ADD | typeof APPEND_IF_EXISTS_OR_ADD,
): Init<'envoy.config.core.v3.HeaderValueOption'> {
  return { header: { key, value }, appendAction };
}
