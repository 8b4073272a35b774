import type { SessionIr } from '../../ir/session.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

const MESSAGE = 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession';
const COOKIE = 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState';
const HEADER = 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState';

/**
 * Envoy's filter that sends the requests of a session to one endpoint, which a cookie or header names; another one is chosen
 * when that is gone (envoy.extensions.filters.http.stateful_session.v3).
 */
export const sessionFilter: NativeFilter = {
  name: 'envoy.filters.http.stateful_session',
  config: () => any(MESSAGE, {}),
  perRoute: ({ session }) =>
    session === undefined
      ? undefined
      : any('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', {
          override: { case: 'statefulSession', value: { sessionState: sessionState(session) } },
        }),
};

function sessionState(ir: SessionIr): Init<'envoy.config.core.v3.TypedExtensionConfig'> {
  switch (ir.kind) {
    case 'cookie': {
      const { name, path, lifetime } = ir;
      const cookie = { name, path, ...(lifetime === undefined ? {} : { ttl: duration(lifetime) }) };
      return { name: 'envoy.http.stateful_session.cookie', typedConfig: any(COOKIE, { cookie }) };
    }
    case 'header':
      return { name: 'envoy.http.stateful_session.header', typedConfig: any(HEADER, { name: ir.name }) };
    default:
      return ir satisfies never;
  }
}
