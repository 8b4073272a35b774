import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '#controller/api/gen/types.d.ts';
import { once } from '../ir/once.ts';
import type { CertificateIr } from '../ir/secret.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { dataOf } from './data.ts';
import { type Window, windowProblem } from './window.ts';

/** A certificate as it is whatever the time, and when those of its chain are good. */
interface Parsed {
  readonly found: Outcome<CertificateIr, 'InvalidCertificateRef'>;
  readonly windows: readonly Window[];
}

/**
 * The certificate in a Secret of type kubernetes.io/tls, with its key, at a time: one of whose chain any is over, or not
 * valid yet, is refused. Nothing of the key is in a message.
 */
export function certificateIn(secret: Secret, now: number): Outcome<CertificateIr, 'InvalidCertificateRef'> {
  const { found, windows } = parsedOf(secret);
  if (!found.ok) return found;
  for (const window of windows) {
    const problem = windowProblem(window, now);
    if (problem === undefined) continue;
    return refusal('InvalidCertificateRef', `Secret ${found.value.name}: tls.crt: a certificate ${problem}`);
  }
  return found;
}

/** The same whatever the time. */
export function certificatePairIn(secret: Secret): Outcome<CertificateIr, 'InvalidCertificateRef'> {
  return parsedOf(secret).found;
}

/** When the certificates of a Secret of type kubernetes.io/tls are good. */
export function certificateWindows(secret: Secret): readonly Window[] {
  return parsedOf(secret).windows;
}

const parsedOf = once((secret: Secret): Parsed => {
  const { namespace, name } = secret.metadata;
  const object = `Secret ${namespace}/${name}`;
  if (secret.type !== 'kubernetes.io/tls') {
    const message = `${object}: type: found ${secret.type}, accepted is kubernetes.io/tls`;
    return { found: refusal('InvalidCertificateRef', message), windows: [] };
  }
  const certificateChain = dataOf(secret, 'tls.crt') ?? '';
  const privateKey = dataOf(secret, 'tls.key') ?? '';
  const chain = chainIn(certificateChain);
  const problem = pairProblem(chain, privateKey);
  if (problem !== undefined) {
    return { found: refusal('InvalidCertificateRef', `${object}: ${problem}`), windows: [] };
  }
  const hostnames = chain?.[0] === undefined ? [] : hostnamesIn(chain[0]);
  const ir = { kind: 'certificate', name: `${namespace}/${name}`, certificateChain, privateKey, hostnames } as const;
  return { found: success(ir), windows: (chain ?? []).map(windowOf) };
});

/** The DNS names among the subject alternative names; the common name of a certificate that has none. */
function hostnamesIn({ subjectAltName = '', subject }: X509Certificate): readonly string[] {
  const names = subjectAltName.split(', ').filter((name) => name.startsWith('DNS:'));
  if (names.length > 0) return names.map((name) => name.slice('DNS:'.length).toLowerCase());
  const common = /^CN=(?<name>(?:\*\.)?[\w.-]+)$/mu.exec(subject)?.groups?.['name'];
  return common === undefined ? [] : [common.toLowerCase()];
}

/** When a certificate is good (RFC 5280, section 4.1.2.5). */
export function windowOf({ validFromDate, validToDate }: X509Certificate): Window {
  return { from: validFromDate.getTime(), until: validToDate.getTime() };
}

/** What is wrong with a certificate chain and its key whatever the time, or `undefined`: it begins with the key's own. */
function pairProblem(chain: readonly X509Certificate[] | undefined, privateKey: string): string | undefined {
  const [certificate] = chain ?? [];
  if (chain === undefined || certificate === undefined) return 'tls.crt is no PEM certificate';
  const key = keyIn(privateKey);
  if (key === undefined) return 'tls.key is no PEM private key';
  if (!certificate.checkPrivateKey(key)) {
    return chain.some((other) => other.checkPrivateKey(key))
      ? 'tls.crt: the certificate of tls.key is not the first of the chain'
      : 'tls.key is not the key of tls.crt';
  }
  return undefined;
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu;

function chainIn(text: string): readonly X509Certificate[] | undefined {
  try {
    return text.match(PEM_BLOCK)?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function keyIn(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}
