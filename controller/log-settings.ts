import type { EnvoyGateway, EnvoyGatewayLogLevels } from './api/gen/types.d.ts';
import type { LogFormat, LogLevel, LogLevels } from './runtime/log.ts';

/** What a configuration says of the log (EnvoyGateway `logging`). */
export interface LogSettings {
  /** Of what belongs to no component, and of components that have none of their own. */
  readonly level: LogLevel | undefined;
  readonly components: LogLevels['components'];
  readonly format: LogFormat | undefined;
}

/** Reads `logging`. */
export function logSettings(logging: EnvoyGateway['logging']): LogSettings {
  const { level = {}, encoder } = logging ?? {};
  return { level: level.default, components: components(level), format: formatOf(encoder) };
}

/** Envoy Gateway 1.9 has one component for both halves of xDS (`xds`), the versions before have one for each. */
function components(level: EnvoyGatewayLogLevels): LogSettings['components'] {
  return {
    provider: level.provider,
    'gateway-api': level['gateway-api'],
    'xds-translator': level['xds-translator'] ?? level.xds,
    'xds-server': level['xds-server'] ?? level.xds,
    infrastructure: level.infrastructure,
  };
}

function formatOf(encoder: 'Text' | 'JSON' | undefined): LogFormat | undefined {
  if (encoder === undefined) return undefined;
  return encoder === 'JSON' ? 'json' : 'text';
}
