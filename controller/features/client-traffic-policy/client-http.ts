import type { ClientHeaderFilter, ClientTrafficPolicySpec, HeaderSettings } from '#controller/api/gen/types.d.ts';
import type { ClientHttp1Ir, ClientHttpIr, HeaderMutationIr, ForwardedCertificateIr } from '../../ir/client-traffic.ts';
import type { TextComparisonIr } from '../../ir/text-comparison.ts';
import { RegexBudget } from '../../regex/automaton.ts';
import { regexProblem } from '../../regex/problem.ts';
import { milliseconds } from '../../resources/duration.ts';
import { isHeaderName, isHeaderValue, isWritableHeader, WRITABLE_HEADERS } from '../../resources/header-name.ts';
import type { Problems } from '../../resources/problems.ts';
import { translateHttp2 } from '../connection/spec.ts';
import { translateClientAddress } from './client-address.ts';
import { textComparison, textTest } from './text-comparison.ts';

/** Translates what concerns connections whose requests are routed. */
export function translateClientHttp(spec: ClientTrafficPolicySpec, problems: Problems): ClientHttpIr {
  const { clientIPDetection, timeout, path, headers = {}, connection, http2, healthCheck, scheme } = spec;
  const limit = connection?.connectionLimit;
  const { http } = timeout ?? {};
  return {
    connectionLimit:
      limit?.value === undefined ? undefined : { most: limit.value, closeDelay: milliseconds(limit.closeDelay) },
    maxConnectionDuration: milliseconds(limit?.maxConnectionDuration),
    maxRequestsPerConnection: limit?.maxRequestsPerConnection,
    maxStreamDuration: milliseconds(limit?.maxStreamDuration),
    clientAddress: clientIPDetection === undefined ? undefined : translateClientAddress(clientIPDetection),
    requestTimeout: milliseconds(http?.requestReceivedTimeout),
    requestHeadersTimeout: milliseconds(http?.requestHeadersReceivedTimeout),
    idleTimeout: milliseconds(http?.idleTimeout),
    streamIdleTimeout: milliseconds(http?.streamIdleTimeout),
    escapedSlashes: path?.escapedSlashesAction === undefined ? undefined : SLASHES[path.escapedSlashesAction],
    keepsSlashes: path?.disableMergeSlashes === true ? true : undefined,
    ...headerSettings(headers, problems),
    http1: http1Of(spec, problems),
    http2: http2 === undefined ? undefined : translateHttp2(http2, problems),
    healthCheckPath: healthCheck?.path,
    schemeOfBackend: scheme === 'MatchBackend' ? true : undefined,
  };
}

const SLASHES = {
  KeepUnchanged: 'keep',
  RejectRequest: 'reject',
  UnescapeAndForward: 'unescapeAndForward',
  UnescapeAndRedirect: 'unescapeAndRedirect',
} as const;

const UNDERSCORES = { Allow: 'allow', RejectRequest: 'reject', DropHeader: 'drop' } as const;

const REQUEST_IDS = {
  PreserveOrGenerate: 'preserveOrGenerate',
  Preserve: 'preserve',
  Generate: 'generate',
  Disable: 'disable',
} as const;

function headerSettings(
  headers: HeaderSettings,
  problems: Problems,
): Pick<
  ClientHttpIr,
  | 'underscores'
  | 'requestId'
  | 'forwardedCertificate'
  | 'earlyRequestHeaders'
  | 'lateResponseHeaders'
  | 'tellsEnvoyHeaders'
  | 'hidesRateLimits'
> {
  const { withUnderscoresAction: underscores, requestID, preserveXRequestID } = headers;
  const { earlyRequestHeaders: early, lateResponseHeaders: late } = headers;
  const older = preserveXRequestID === true ? 'preserveOrGenerate' : undefined;
  return {
    underscores: underscores === undefined ? undefined : UNDERSCORES[underscores],
    requestId: requestID === undefined ? older : REQUEST_IDS[requestID],
    forwardedCertificate: forwardedCertificate(headers),
    earlyRequestHeaders: early === undefined ? undefined : mutation(early, EARLY, problems),
    lateResponseHeaders: late === undefined ? undefined : mutation(late, LATE, problems),
    tellsEnvoyHeaders: headers.enableEnvoyHeaders === true ? true : undefined,
    hidesRateLimits: headers.disableRateLimitHeaders === true ? true : undefined,
  };
}

const CERTIFICATE_MODES = {
  Sanitize: 'sanitize',
  ForwardOnly: 'forwardOnly',
  AppendForward: 'appendForward',
  SanitizeSet: 'sanitizeSet',
  AlwaysForwardOnly: 'alwaysForwardOnly',
} as const;

const CERTIFICATE_DETAILS = { Subject: 'subject', Cert: 'cert', Chain: 'chain', DNS: 'dns', URI: 'uri' } as const;

function forwardedCertificate({ xForwardedClientCert: spec }: HeaderSettings): ForwardedCertificateIr | undefined {
  if (spec === undefined) return undefined;
  return {
    mode: CERTIFICATE_MODES[spec.mode ?? 'Sanitize'],
    details: (spec.certDetailsToAdd ?? []).map((detail) => CERTIFICATE_DETAILS[detail]),
  };
}

/** Which headers a field may change. */
interface Changeable {
  readonly field: string;
  readonly isChangeable: (name: string) => boolean;
  /** What else there is, behind what was found. */
  readonly accepted: string;
  /** Without these there is no message. */
  readonly needs: readonly string[];
}

const EARLY: Changeable = {
  field: 'headers.earlyRequestHeaders',
  // By pseudo-headers and the host Envoy decides where a request goes.
  isChangeable: (name) => isHeaderName(name) && name.toLowerCase() !== 'host',
  accepted: 'which cannot be changed',
  needs: [':method', ':path', ':scheme', ':authority'],
};

const LATE: Changeable = {
  field: 'headers.lateResponseHeaders',
  isChangeable: isWritableHeader,
  accepted: WRITABLE_HEADERS,
  needs: [':status'],
};

/** `undefined` where nothing is to be changed: Envoy takes no list of changes that is empty. */
function mutation(
  spec: ClientHeaderFilter,
  { field, isChangeable, accepted, needs }: Changeable,
  problems: Problems,
): HeaderMutationIr | undefined {
  const { set = [], add = [], addIfAbsent = [], remove = [], removeOnMatch = [] } = spec;
  const changed = [...set, ...add, ...addIfAbsent];
  // Envoy takes no change of nothing.
  if (changed.length + remove.length + removeOnMatch.length === 0) return undefined;
  const names = changed.map(({ name }) => name);
  const wrong = [...names, ...remove].find((name) => !isChangeable(name));
  if (wrong !== undefined) problems.add(field, `found ${wrong}, ${accepted}`);
  const unsayable = changed.find(({ value }) => !isHeaderValue(value));
  if (unsayable !== undefined)
    problems.add(field, `${unsayable.name}: found a control character, which no header may have`);
  const removeMatching = removeOnMatch.map((match) => textComparison(match, `${field}.removeOnMatch`, problems));
  const sound = removeMatching.filter(({ kind, value }) => kind !== 'regex' || regexProblem(value) === undefined);
  const wanted = neededProblem(sound, needs);
  if (wanted !== undefined) problems.add(`${field}.removeOnMatch`, wanted);
  const changes = [set, add, addIfAbsent, remove, removeMatching];
  if (changes.every(({ length }) => length === 0)) return undefined;
  return { set, add, addIfAbsent, remove, removeMatching };
}

/** Why headers that match cannot be removed: they are needed, or it cannot be told whether they are. */
function neededProblem(comparisons: readonly TextComparisonIr[], needs: readonly string[]): string | undefined {
  const budget = new RegexBudget();
  for (const comparison of comparisons) {
    const test = textTest(comparison, budget);
    if (!test.ok) {
      return `${test.refusal.message}; accepted is what can be seen not to remove ${needs.join(', ')}`;
    }
    const needed = needs.find(test.value);
    if (needed !== undefined) return `found what matches ${needed}, which cannot be removed`;
  }
  return undefined;
}

function http1Of({ http1 }: ClientTrafficPolicySpec, problems: Problems): ClientHttp1Ir | undefined {
  if (http1 === undefined) return undefined;
  const { enableTrailers, preserveHeaderCase, http10, ignoredUpgradeTypes = [] } = http1;
  return {
    trailers: enableTrailers ?? false,
    preservesCase: preserveHeaderCase ?? false,
    http10: http10 === undefined ? undefined : { usesDefaultHost: http10.useDefaultHost ?? false },
    ignoredUpgrades: ignoredUpgradeTypes.map((match) => textComparison(match, 'http1.ignoredUpgradeTypes', problems)),
  };
}
