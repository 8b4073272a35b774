import { enumMembers } from '#proto/load.ts';
import type { CsrfIr } from '../../ir/csrf.ts';
import { any, type Init } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

const CSRF_POLICY = 'envoy.extensions.filters.http.csrf.v3.CsrfPolicy';
const { MILLION } = enumMembers('envoy.type.v3.FractionalPercent.DenominatorType');
const ALL = 1_000_000;

type Share = Init<'envoy.config.core.v3.RuntimeFractionalPercent'>;

/**
 * Envoy's CSRF filter: a request that changes something (POST, PUT, DELETE, PATCH) is answered with 403 unless its `origin`, or
 * `referer`, is that of its host or one more (envoy.extensions.filters.http.csrf.v3).
 */
export const csrfFilter: NativeFilter = {
  name: 'envoy.filters.http.csrf',
  config: () => any(CSRF_POLICY, { filterEnabled: share(0) }),
  perRoute: ({ csrf }) => (csrf === undefined ? undefined : any(CSRF_POLICY, csrfPolicy(csrf))),
};

function csrfPolicy({ additionalOrigins, enforcedMillionths }: CsrfIr): Init<typeof CSRF_POLICY> {
  return {
    filterEnabled: share(enforcedMillionths),
    // Looks at what the share above has left.
    ...(enforcedMillionths < ALL && { shadowEnabled: share(ALL) }),
    additionalOrigins: additionalOrigins.map((origin) => ({
      matchPattern: origin.includes('*')
        ? { case: 'safeRegex', value: { regex: pattern(origin) } }
        : { case: 'exact', value: origin },
    })),
  };
}

function share(numerator: number): Share {
  return { defaultValue: { numerator, denominator: MILLION } };
}

/** A host and port as a regular expression (RE2), of which `*` matches any text and everything else itself. */
function pattern(origin: string): string {
  return origin
    .split('*')
    .map((text) => text.replaceAll(/[\\^$.+?()[\]{}|]/gu, '\\$&'))
    .join('.*');
}
