import { isObject } from '#controller/api/compile.ts';
import { type ApiServer, isGranted } from '../kubernetes/api-server.ts';
import { resourcePath, statusMessage } from '../kubernetes/resource-path.ts';
import { type Authority, isGood, issue, type KeyPair, makeAuthority, type Purpose, renewAt } from './authority.ts';

/** The Secret of the authority: who can read it can be any proxy, and the controller. */
export const AUTHORITY_SECRET = 'sluice-ca';
/** The Secret with the serving certificate of the controller, as Envoy Gateway calls it. */
export const SERVER_SECRET = 'envoy-gateway';

/** What the controller has to be known by, and to know others by. */
export interface Certificates {
  readonly authority: Authority;
  readonly server: KeyPair;
  /** Milliseconds since the epoch; by then they are to be looked at again. */
  readonly renewAt: number;
}

/** Where they are kept, and for which names the serving certificate is good. */
export interface CertificatesOptions {
  readonly server: ApiServer;
  readonly namespace: string;
  readonly dnsNames: readonly string[];
  /** Whether what is missing or old is made; otherwise what is there is read as it is. */
  readonly mayWrite: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const SECRETS = { group: '', version: 'v1', plural: 'secrets' } as const;

/**
 * Reads the authority and the serving certificate from their Secrets; makes those that are missing, and new ones when two
 * thirds of their time have passed. What an authority has signed stays good when there is another. Of several that make them
 * at once one wins, and all have what it made. Rejects where Secrets cannot be read or written, with the words of the API server.
 */
export async function certificates(options: CertificatesOptions): Promise<Certificates> {
  const authority = await theAuthority(options);
  const purpose: Purpose = { kind: 'server', dnsNames: options.dnsNames };
  const secret = await read(options, SERVER_SECRET);
  const found = pairIn(secret);
  const server =
    found !== undefined && (!options.mayWrite || isGood(found, authority.trusted, purpose, options.now))
      ? found
      : await written(options, SERVER_SECRET, secret, () => issue(authority, purpose, options.now), authority.trusted);
  return { authority, server, renewAt: Math.min(renewAt(server.certificate), renewAt(authority.current.certificate)) };
}

async function theAuthority(options: CertificatesOptions): Promise<Authority> {
  const secret = await read(options, AUTHORITY_SECRET);
  const current = pairIn(secret);
  const trusted = fieldOf(secret, 'ca.crt');
  const known = current === undefined || trusted === undefined ? undefined : { current, trusted };
  if (known !== undefined && (!options.mayWrite || options.now < renewAt(known.current.certificate))) return known;
  const made = await makeAuthority(options.now, known);
  const pair = await written(options, AUTHORITY_SECRET, secret, () => Promise.resolve(made.current), made.trusted);
  // Another may have been faster.
  return pair.key === made.current.key ? made : theAuthority({ ...options, mayWrite: false });
}

/** Writes a pair, unless somebody else has written one since `before` was read: then it is theirs. */
async function written(
  options: CertificatesOptions,
  name: string,
  before: unknown,
  make: () => Promise<KeyPair>,
  trusted: string,
): Promise<KeyPair> {
  if (!options.mayWrite) throw new Error(`Secret ${options.namespace}/${name} is missing or has no certificate`);
  const pair = await make();
  const metadata = {
    name,
    namespace: options.namespace,
    labels: { 'app.kubernetes.io/name': 'envoy-gateway', 'app.kubernetes.io/component': 'certificates' },
    // Refused where it has changed since.
    ...(before === undefined ? {} : { resourceVersion: versionOf(before) }),
  };
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'kubernetes.io/tls',
    data: dataOf(pair, trusted),
  };
  const place = before === undefined ? { namespace: options.namespace } : { namespace: options.namespace, name };
  const answer = await options.server.ask({
    method: before === undefined ? 'POST' : 'PUT',
    path: resourcePath(SECRETS, place),
    body,
  });
  if (isGranted(answer)) return pair;
  const theirs = answer.status === 409 ? pairIn(await read(options, name)) : undefined;
  if (theirs !== undefined) return theirs;
  throw new Error(
    `Secret ${options.namespace}/${name} cannot be written: ${statusMessage(answer.body) ?? answer.status}`,
  );
}

async function read({ server, namespace }: CertificatesOptions, name: string): Promise<unknown> {
  const answer = await server.ask({ method: 'GET', path: resourcePath(SECRETS, { namespace, name }) });
  if (isGranted(answer)) return answer.body;
  if (answer.status === 404) return undefined;
  throw new Error(`Secret ${namespace}/${name} cannot be read: ${statusMessage(answer.body) ?? answer.status}`);
}

/** `data` of a Secret of type kubernetes.io/tls, with the authorities that its owner is to trust. */
export function dataOf({ certificate, key }: KeyPair, trusted: string): { readonly [field: string]: string } {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return { 'tls.crt': base64(certificate), 'tls.key': base64(key), 'ca.crt': base64(trusted) };
}

/** The certificate and key of a Secret. */
export function pairIn(secret: unknown): KeyPair | undefined {
  const [certificate, key] = [fieldOf(secret, 'tls.crt'), fieldOf(secret, 'tls.key')];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** A text in `data` of a Secret. */
export function fieldOf(secret: unknown, field: string): string | undefined {
  const data = isObject(secret) && isObject(secret['data']) ? secret['data'] : {};
  const text = data[field];
  return typeof text === 'string' && text !== '' ? Buffer.from(text, 'base64').toString('utf8') : undefined;
}

function versionOf(object: unknown): string {
  const metadata = isObject(object) && isObject(object['metadata']) ? object['metadata'] : {};
  return String(metadata['resourceVersion']);
}
