/**
 * The authority by which controller and proxies know each other.
 *
 * In: names, times. Out: certificates and keys in PEM. Refuses to know: where they are kept, and who presents them.
 */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';
import { provideMetadata } from './reflected.ts';

/** A certificate with its key; both PEM. Secret as a whole. */
export interface KeyPair {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

/** An authority: it signs with `current`; what any of `trusted` has signed is good. */
export interface Authority {
  readonly current: KeyPair;
  /** Certificates in PEM, the current one first. */
  readonly trusted: string;
}

/** What a certificate is for. */
export type Purpose =
  | { readonly kind: 'server'; readonly dnsNames: readonly string[] }
  /** Who presents it is the proxy of this key. */
  | { readonly kind: 'proxy'; readonly key: string };

/** How long certificates are good. Milliseconds. */
export const LIFETIME = { authority: 10 * 365 * 86_400_000, leaf: 90 * 86_400_000 } as const;
/** Clocks differ: certificates are good from before they were made. Milliseconds. */
const BEFORE = 300_000;

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** The name of a proxy in its certificate (a SPIFFE ID). */
export function proxyUri(key: string): string {
  return `spiffe://sluice/proxy/${key}`;
}

/** Makes an authority. What `before` has signed stays good. */
export async function makeAuthority(now: number, before?: Authority): Promise<Authority> {
  const { X509CertificateGenerator, BasicConstraintsExtension, KeyUsagesExtension, KeyUsageFlags } = await library();
  const keys = await keyPair();
  const number = serial();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(now, LIFETIME.authority),
    // Of two with one name, only the first is ever tried.
    name: `CN=sluice ${number}`,
    serialNumber: number,
    signingAlgorithm: CURVE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const current = { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
  return { current, trusted: [current.certificate, ...certificatesIn(before?.trusted ?? '', now)].join('') };
}

/** Makes a certificate for a purpose. */
export async function issue(
  { current }: Authority,
  purpose: Purpose,
  now: number,
  lifetime: number = LIFETIME.leaf,
): Promise<KeyPair> {
  const { X509CertificateGenerator, X509Certificate, ...extensions } = await library();
  const issuer = new X509Certificate(current.certificate);
  const keys = await keyPair();
  const isServer = purpose.kind === 'server';
  const certificate = await X509CertificateGenerator.create({
    ...validity(now, lifetime),
    subject: isServer ? 'CN=envoy-gateway' : 'CN=envoy',
    issuer: issuer.subject,
    serialNumber: serial(),
    signingAlgorithm: CURVE,
    signingKey: await importKey(current.key),
    publicKey: keys.publicKey,
    extensions: [
      new extensions.BasicConstraintsExtension(false, undefined, true),
      new extensions.KeyUsagesExtension(extensions.KeyUsageFlags.digitalSignature, true),
      new extensions.ExtendedKeyUsageExtension([isServer ? SERVER_AUTH : CLIENT_AUTH]),
      new extensions.SubjectAlternativeNameExtension(
        isServer
          ? purpose.dnsNames.map((value) => ({ type: 'dns', value }))
          : [{ type: 'url', value: proxyUri(purpose.key) }],
      ),
    ],
  });
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
}

/** RFC 5280, 4.2.1.12. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Whether a pair is good for a purpose, by one of these authorities, for at least a third of its time. */
export function isGood(pair: KeyPair, trusted: string, purpose: Purpose, now: number): boolean {
  try {
    const certificate = new NodeCertificate(pair.certificate);
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    const isFresh = now >= from - BEFORE && now < to - (to - from) / 3;
    return isFresh && isTrusted(certificate, trusted) && names(certificate, purpose) && hasKey(certificate, pair.key);
  } catch {
    return false;
  }
}

/** The milliseconds since the epoch at which a certificate is to be replaced: two thirds of its time have passed. */
export function renewAt(certificate: string): number {
  const { validFrom, validTo } = new NodeCertificate(certificate);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return to - (to - from) / 3;
}

/** Only the current authority counts: what an earlier one has signed is replaced. */
function isTrusted(certificate: NodeCertificate, trusted: string): boolean {
  const [current] = blocksIn(trusted);
  if (current === undefined) return false;
  const issuer = new NodeCertificate(current);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function names(certificate: NodeCertificate, purpose: Purpose): boolean {
  const given = (certificate.subjectAltName ?? '').split(', ');
  switch (purpose.kind) {
    case 'server':
      return purpose.dnsNames.every((name) => given.includes(`DNS:${name}`));
    case 'proxy':
      return given.length === 1 && given[0] === `URI:${proxyUri(purpose.key)}`;
    default:
      return purpose satisfies never;
  }
}

function hasKey(certificate: NodeCertificate, key: string): boolean {
  return certificate.checkPrivateKey(createPrivateKey(key));
}

/** The certificates of a text that have not expired. */
function certificatesIn(text: string, now: number): readonly string[] {
  return blocksIn(text).filter((block) => Date.parse(new NodeCertificate(block).validTo) > now);
}

function blocksIn(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/gu) ?? [];
}

function validity(now: number, lifetime: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now - BEFORE), notAfter: new Date(now + lifetime) };
}

/** Positive, and no two alike (RFC 5280, 4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(text).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, CURVE, true, ['sign']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/gu) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

type Library = typeof x509;
let loaded: Promise<Library> | undefined;

/** Loaded with the first certificate that is made; who runs from files makes none. */
function library(): Promise<Library> {
  provideMetadata();
  loaded ??= import('@peculiar/x509').then((found) => {
    found.cryptoProvider.set(webcrypto);
    return found;
  });
  return loaded;
}
