import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { buildConnector } from 'undici';
import { addressClass, blockList, isListed } from './address-class.ts';
import { FetchFailure } from './fetch-failure.ts';
import type { FetchSettings } from './fetch-settings.ts';

/** Finds the addresses of a name, as `dns.lookup` does. */
type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Tells why an address may not be connected to; `undefined` where it may. */
type Guard = (address: string) => string | undefined;

/**
 * Makes connections for fetches, never to an address that is refused. Addresses are judged as the name is resolved for this
 * very connection, so that a name that is rebound to another address between two looks gains nothing, and once more when the
 * connection is there. `authorities`, certificates in PEM, are trusted instead of all others.
 */
export function guardedConnector(
  settings: FetchSettings,
  resolve: Resolve = lookup,
  authorities?: string,
): buildConnector.connector {
  const guard = guardOf(settings);
  const connect = buildConnector({
    allowH2: false,
    timeout: settings.timeout,
    lookup: guardedLookup(guard, resolve),
    ...trusted(settings.caBundle, authorities),
  });
  return (options, done) => {
    const hostname = options.hostname.replace(/^\[(.*)\]$/u, '$1').toLowerCase();
    const port = options.port === '' ? (options.protocol === 'https:' ? '443' : '80') : options.port;
    const { resolverOverrides } = settings;
    const override = resolverOverrides.get(`${hostname}:${port}`) ?? resolverOverrides.get(hostname);
    const judge = override === undefined ? guard : neverReached;
    const target = override?.address ?? hostname;
    const refused = isIP(target) === 0 ? undefined : judge(target);
    if (refused !== undefined) {
      done(new FetchFailure('AddressRefused', refused), null);
      return;
    }
    const to = { ...options, hostname: target, port: String(override?.port ?? port) };
    connect(to, (...[error, socket]) => {
      if (error !== null) done(error, null);
      else settle(socket, judge, done);
    });
  };
}

function trusted(bundle: string | undefined, authorities: string | undefined): { readonly ca?: string[] } {
  if (authorities !== undefined) return { ca: [authorities] };
  return bundle === undefined ? {} : { ca: [...getCACertificates('default'), bundle] };
}

/** A host name or IP address, and a port. */
export interface ViaEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Where to connect instead of to the host of a URL, and who is expected there. */
export interface FetchVia {
  /** To the first that can be. */
  readonly endpoints: readonly ViaEndpoint[];
  /** Certificates in PEM of who may sign its certificate; without them those that are trusted anyway. */
  readonly authorities?: string | undefined;
  /** Whom its certificate must be of; the host of the URL without it. */
  readonly serverName?: string | undefined;
}

/** Connects to the first of some endpoints that can be, as if it were the host that is asked for. */
export function viaConnector(
  connect: buildConnector.connector,
  { endpoints, serverName }: FetchVia,
): buildConnector.connector {
  return (options, done) => {
    const attempt = ([first, ...rest]: readonly ViaEndpoint[]): void => {
      if (first === undefined) {
        done(new FetchFailure('Unreachable', 'its back-ends have no endpoint'), null);
        return;
      }
      const to = { ...options, hostname: first.host, port: String(first.port) };
      connect(serverName === undefined ? to : { ...to, servername: serverName }, (...[error, socket]) => {
        if (error === null) done(null, socket);
        else if (rest.length === 0 || error instanceof FetchFailure) done(error, null);
        else attempt(rest);
      });
    };
    attempt(endpoints);
  };
}

/** Hands a connection over unless it leads to where it may not. */
function settle(socket: Socket, judge: Guard, done: buildConnector.Callback): void {
  const { remoteAddress } = socket;
  const refused = remoteAddress === undefined ? undefined : judge(remoteAddress);
  if (refused === undefined) {
    done(null, socket);
    return;
  }
  socket.destroy();
  done(new FetchFailure('AddressRefused', refused), null);
}

function guardedLookup(guard: Guard, resolve: Resolve): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        done(error, '');
        return;
      }
      // One refused address among others is no accident.
      const refused = addresses.map(({ address }) => guard(address)).find((reason) => reason !== undefined);
      const [first] = addresses;
      if (refused !== undefined) done(new FetchFailure('AddressRefused', refused), '');
      else if (options.all === true) done(null, addresses);
      else done(null, first?.address ?? '', first?.family);
    });
  };
}

function guardOf({ refuse, allow }: FetchSettings): Guard {
  const allowed = blockList(allow);
  return (address) => {
    const never = neverReached(address);
    if (never !== undefined || isListed(address, allowed)) return never;
    const kind = addressClass(address);
    if ((kind !== 'Loopback' && kind !== 'Private') || !refuse.has(kind)) return undefined;
    return `the address ${address} is ${NAMES[kind]}, which the configuration does not allow (sluice.fetch)`;
  };
}

/** Nobody who writes manifests is to read what a cloud tells its machines. */
function neverReached(address: string): string | undefined {
  const kind = addressClass(address);
  if (kind !== 'Metadata' && kind !== 'LinkLocal' && kind !== 'NoHost') return undefined;
  return `the address ${address} is ${NAMES[kind]}, which is never connected to`;
}

const NAMES = {
  Metadata: 'a metadata service',
  LinkLocal: 'link-local',
  NoHost: 'multicast or reserved',
  Loopback: 'loopback',
  Private: 'private',
} as const;
