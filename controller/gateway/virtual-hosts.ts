import type { HTTPRoute } from '#controller/api/gen/types.d.ts';
import type { RouteActionIr, RouteIr, RouteMatchIr, RuleFeaturesIr } from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { compare } from '../resources/resources.ts';
import type { RuleCore } from './http-route.ts';
import { byPrecedence } from './precedence.ts';

/** A rule where it is attached. */
export interface PlacedRule {
  readonly route: HTTPRoute;
  readonly rule: RuleCore;
  readonly hostnames: readonly string[];
  readonly port: number;
  readonly features: RuleFeaturesIr;
}

/** Builds virtual hosts, and gives the same object again for one that did not change. */
export class VirtualHosts {
  readonly #routes = new WeakMap<
    RuleCore,
    Map<string, { readonly features: RuleFeaturesIr; readonly routes: readonly RouteIr[] }>
  >();
  #hosts = new Map<string, VirtualHostIr>();
  #next = new Map<string, VirtualHostIr>();

  /**
   * The virtual hosts of a listener: one for each of `hostnames`, and for each that a rule brings. `rules` come in the
   * order in which equals win: older routes first, then by name, then by place in the route.
   */
  build(listener: string, hostnames: readonly string[], rules: readonly PlacedRule[]): readonly VirtualHostIr[] {
    const byHost = new Map<string, RouteIr[]>(hostnames.map((hostname) => [hostname, []]));
    for (const placed of rules) {
      for (const hostname of placed.hostnames) {
        const routes = byHost.get(hostname) ?? [];
        routes.push(...this.#routesOf(placed, hostname));
        byHost.set(hostname, routes);
      }
    }
    return [...byHost]
      .sort(([a], [b]) => compare(a, b))
      .map(([hostname, routes]) => this.#host(listener, hostname, routes.sort(byPrecedence)));
  }

  /** Forgets the hosts that were not built since the last call. */
  sweep(): void {
    this.#hosts = this.#next;
    this.#next = new Map();
  }

  #host(listener: string, hostname: string, routes: readonly RouteIr[]): VirtualHostIr {
    const key = `${listener}/${hostname}`;
    const known = this.#hosts.get(key);
    const host = known !== undefined && sameMembers(known.routes, routes) ? known : { hostname, routes };
    this.#next.set(key, host);
    return host;
  }

  #routesOf({ route, rule, port, features }: PlacedRule, hostname: string): readonly RouteIr[] {
    const key = `${hostname}:${port}`;
    const made = this.#routes.get(rule) ?? new Map<string, { features: RuleFeaturesIr; routes: readonly RouteIr[] }>();
    this.#routes.set(rule, made);
    const known = made.get(key);
    if (known?.features === features) return known.routes;
    const { namespace, name } = route.metadata;
    const routes = rule.matches.map((match, index) =>
      routeIr(
        `httproute/${namespace}/${name}/rule/${rule.index}/match/${index}/${hostname}`,
        match,
        rule,
        port,
        features,
      ),
    );
    made.set(key, { features, routes });
    return routes;
  }
}

function routeIr(name: string, match: RouteMatchIr, rule: RuleCore, port: number, features: RuleFeaturesIr): RouteIr {
  const { requestHeaders, responseHeaders } = rule;
  switch (features.kind) {
    case 'refused':
      return { name, match, requestHeaders, responseHeaders, action: { kind: 'respond', status: 500 }, features: {} };
    case 'features':
      return {
        name,
        match,
        requestHeaders,
        responseHeaders,
        action: at(rule.action, port),
        features: features.features,
      };
    default:
      return features satisfies never;
  }
}

/** Ports that clients leave out of the host they ask for. */
const WELL_KNOWN_PORTS: ReadonlySet<number> = new Set([80, 443]);

/** Fills in what an action takes from its listener: the port of a redirect that names neither port nor scheme. */
function at(action: RouteActionIr, port: number): RouteActionIr {
  if (action.kind !== 'redirect' || action.redirect.port !== undefined || WELL_KNOWN_PORTS.has(port)) return action;
  return { ...action, redirect: { ...action.redirect, port } };
}

function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}
