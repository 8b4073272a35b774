import { createPrivateKey, X509Certificate } from 'node:crypto';
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
  const problem = pairProblem(certificateChain, privateKey);
  if (problem !== undefined) return refusal('InvalidCertificateRef', `${object}: ${problem}`);
  return success({ kind: 'certificate', name: `${namespace}/${name}`, certificateChain, privateKey });
}

/** What is wrong with a certificate and its key, or `undefined`. */
function pairProblem(certificateChain: string, privateKey: string): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificateChain);
  } catch {
    return 'tls.crt is no PEM certificate';
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKey)) ? undefined : 'tls.key is not the key of tls.crt';
  } catch {
    return 'tls.key is no PEM private key';
  }
}
