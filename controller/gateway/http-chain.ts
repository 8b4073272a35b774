import type { ClientTrafficIr } from '../ir/client-traffic.ts';
import type { HttpChainIr } from '../ir/listener.ts';
import { sameMembers } from '../ir/pieces.ts';
import { gatewayPlace } from './listeners.ts';
import { placeRoute, type PolicyOracle } from './placed-route.ts';
import type { RoutesByListener, RoutesOn, Turnovers } from './routes-by-listener.ts';
import type { Member } from './socket-groups.ts';
import { termination } from './termination.ts';
import { type ChainContent, VirtualHosts } from './virtual-hosts.ts';

/** A chain of requests, and what it serves. */
interface Made {
  readonly chain: HttpChainIr;
  readonly content: ChainContent;
}

/**
 * The chain of some listeners, kept from one translation to the next: only routes that came, left, or of which policies say
 * something else are placed again. What comes out depends on what is served alone, not on the way there.
 */
export class HttpChain {
  readonly #hosts = new VirtualHosts();
  #members: readonly Member[] = [];
  #policies: object | undefined;
  #client: ClientTrafficIr | undefined;
  #made: Made | undefined;

  /** Brings the chain to its listeners and their routes; the same object as long as it serves the same. */
  update(members: readonly Member[], routes: RoutesByListener, turnovers: Turnovers, oracle: PolicyOracle): Made {
    const last = this.#made;
    const isSame = last !== undefined && sameMembers(members, this.#members);
    const isQuiet = this.#policies === oracle.policies && !members.some(({ listener }) => turnovers.has(listener));
    if (isSame && isQuiet) return last;
    if (isSame) this.#follow(turnovers, oracle);
    else this.#placeAll(members, routes, oracle);
    this.#policies = oracle.policies;
    this.#made = this.#make(isSame ? last : undefined, oracle);
    return this.#made;
  }

  #follow(turnovers: Turnovers, oracle: PolicyOracle): void {
    for (const member of this.#members) {
      const turnover = turnovers.get(member.listener);
      if (turnover === undefined) continue;
      for (const attachment of turnover.left) this.#hosts.delete(attachment);
      this.#place(turnover.came, member, oracle);
    }
  }

  #placeAll(members: readonly Member[], routes: RoutesByListener, oracle: PolicyOracle): void {
    this.#members = members;
    for (const member of members) this.#place(routes.of(member.listener), member, oracle);
    const listeners = new Set(members.map(({ listener }) => listener));
    this.#hosts.keep((at) => listeners.has(at.listener) && routes.of(at.listener).has(at));
  }

  #place(routes: RoutesOn, { siblings }: Member, oracle: PolicyOracle): void {
    for (const [attachment, core] of routes) {
      if (core.kind !== 'http') continue;
      this.#hosts.set(attachment, placeRoute(core, attachment, siblings, oracle, this.#hosts.get(attachment)));
    }
  }

  /** `last` is of the same listeners. */
  #make(last: Made | undefined, oracle: PolicyOracle): Made {
    const [first] = this.#members;
    const content = this.#hosts.update(first?.siblings.hostnames ?? [], first?.misdirected ?? []);
    const client = clientOf(this.#members, oracle);
    const isSameFrame = last !== undefined && this.#client === client;
    this.#client = client;
    if (isSameFrame && last.content === content) return last;
    // A chain is called after the first of its listeners.
    const chain: HttpChainIr = {
      kind: 'http',
      name: first?.listener.name ?? '',
      tls: isSameFrame ? last.chain.tls : tlsOf(first, client),
      ...(client === undefined ? {} : { client: client.http }),
      virtualHosts: content.virtualHosts,
    };
    return { chain, content };
  }
}

function tlsOf(member: Member | undefined, client: ClientTrafficIr | undefined): HttpChainIr['tls'] {
  return member?.listener.spec.protocol === 'HTTPS' ? termination(member.listener, client?.tls) : undefined;
}

/** What is said of the clients of the first of some listeners of which anything is. */
export function clientOf(members: readonly Member[], oracle: PolicyOracle): ClientTrafficIr | undefined {
  for (const { listener } of members) {
    const client = oracle.clientAt(gatewayPlace(listener));
    if (client !== undefined) return client;
  }
  return undefined;
}
