import type { Any } from '@bufbuild/protobuf/wkt';
import type { BasicAuthIr } from '../../ir/credentials.ts';
import { any, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** A user whose password nobody knows: Envoy takes no empty list, and no route is without one of its own. */
const NOBODY = `nobody:{SHA}${Buffer.alloc(20).toString('base64')}`;

/** Name of the filter that asks for a name and a password; one for each header in which names are handed on. */
export function basicAuthFilterName({ forwardHeader }: BasicAuthIr): string {
  return forwardHeader === undefined
    ? 'envoy.filters.http.basic_auth'
    : `envoy.filters.http.basic_auth/${forwardHeader}`;
}

/** The filter itself: off, until a route turns it on with its users (envoy.extensions.filters.http.basic_auth.v3). */
export function basicAuthFilter(ir: BasicAuthIr): HttpFilter {
  const config = { users: text(NOBODY), forwardUsernameHeader: ir.forwardHeader ?? '' };
  return {
    name: basicAuthFilterName(ir),
    disabled: true,
    configType: { case: 'typedConfig', value: any('envoy.extensions.filters.http.basic_auth.v3.BasicAuth', config) },
  };
}

/** What a route says to turn the filter on: its users. */
export function basicAuthPerRoute({ users }: BasicAuthIr): Any {
  return any('envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute', { users: text(users.join('\n')) });
}

function text(value: string): Init<'envoy.config.core.v3.DataSource'> {
  return { specifier: { case: 'inlineString', value } };
}
