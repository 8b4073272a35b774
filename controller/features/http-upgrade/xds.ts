import type { RouteFeaturesIr } from '../../ir/route.ts';
import type { Init } from '../../xds/build/message.ts';

type UpgradeConfig = Init<'envoy.config.route.v3.RouteAction.UpgradeConfig'>;

/** What every connection may become unless its route says otherwise; said once, for all routes of a listener. */
export const WEBSOCKET = 'websocket';
/** The method that opens a tunnel (RFC 9110 section 9.3.6). */
export const CONNECT = 'CONNECT';

/**
 * What the connections of a route may become (`RouteAction.upgrade_configs`). Requests that are kept until they are whole
 * have no end when they upgrade, so that such a route allows none.
 */
export function upgradeConfigs({ upgrades, requestBuffer }: RouteFeaturesIr): UpgradeConfig[] {
  const wanted = upgrades ?? [];
  const said = wanted.map(({ type, terminate }) => ({
    upgradeType: type,
    ...(type === CONNECT && terminate ? { connectConfig: {} } : {}),
  }));
  const isSaid = wanted.some(({ type }) => type.toLowerCase() === WEBSOCKET);
  const takesAway = wanted.length > 0 || requestBuffer !== undefined;
  return takesAway && !isSaid ? [...said, { upgradeType: WEBSOCKET, enabled: false }] : said;
}

/** Whether a route takes requests that open a tunnel, and no others: those have no path to match. */
export function opensTunnels({ upgrades = [] }: RouteFeaturesIr): boolean {
  return upgrades.some(({ type }) => type === CONNECT);
}
