import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '#controller/api/gen/types.d.ts';
import type { CertificateIr } from '../ir/secret.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { dataOf } from './data.ts';

const parsed = new WeakMap<Secret, Outcome<CertificateIr, 'InvalidCertificateRef'>>();

/** The certificate in a Secret of type kubernetes.io/tls, with its key. Nothing of the key is in a message. */
export function certificateIn(secret: Secret): Outcome<CertificateIr, 'InvalidCertificateRef'> {
  const known = parsed.get(secret);
  if (known !== undefined) return known;
  const made = parse(secret);
  parsed.set(secret, made);
  return made;
}

function parse(secret: Secret): Outcome<CertificateIr, 'InvalidCertificateRef'> {
  const { namespace, name } = secret.metadata;
  const object = `Secret ${namespace}/${name}`;
  if (secret.type !== 'kubernetes.io/tls') {
    return refusal('InvalidCertificateRef', `${object}: type: found ${secret.type}, accepted is kubernetes.io/tls`);
  }
  const certificateChain = dataOf(secret, 'tls.crt') ?? '';
  const privateKey = dataOf(secret, 'tls.key') ?? '';
  const chain = chainIn(certificateChain);
  const problem = pairProblem(chain, privateKey);
  if (problem !== undefined) return refusal('InvalidCertificateRef', `${object}: ${problem}`);
  const hostnames = chain?.[0] === undefined ? [] : hostnamesIn(chain[0]);
  return success({ kind: 'certificate', name: `${namespace}/${name}`, certificateChain, privateKey, hostnames });
}

/** The DNS names among the subject alternative names; the common name of a certificate that has none. */
function hostnamesIn({ subjectAltName = '', subject }: X509Certificate): readonly string[] {
  const names = subjectAltName.split(', ').filter((name) => name.startsWith('DNS:'));
  if (names.length > 0) return names.map((name) => name.slice('DNS:'.length).toLowerCase());
  const common = /^CN=(?<name>(?:\*\.)?[\w.-]+)$/mu.exec(subject)?.groups?.['name'];
  return common === undefined ? [] : [common.toLowerCase()];
}

/**
 * What is wrong with a certificate chain and its key, or `undefined`. A chain begins with the certificate of the key; that it is
 * over is judged when the Secret is read.
 */
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
  const over = chain.find(({ validToDate }) => validToDate.getTime() < Date.now());
  return over === undefined ? undefined : `tls.crt: a certificate is over since ${over.validToDate.toISOString()}`;
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
