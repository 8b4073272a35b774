import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Secret } from '#controller/api/gen/types.d.ts';
import type { Refusal } from '../admit.ts';

/** Refuses a Secret of type kubernetes.io/tls without a certificate chain and the private key of its first certificate, both in PEM. */
export function checkTlsSecret({ data = {} }: Secret): readonly Refusal[] {
  const certificate = decode(data['tls.crt']);
  const key = decode(data['tls.key']);
  const missing = ['tls.crt', 'tls.key'].filter((name) => decode(data[name]) === undefined);
  if (certificate === undefined || key === undefined) {
    return missing.map((name) => ({
      path: ['data', name],
      message: 'must be present in a Secret of type kubernetes.io/tls',
    }));
  }
  const leaf = parseChain(certificate);
  const privateKey = parseKey(key);
  const refusals: Refusal[] = [];
  if (leaf === undefined) refusals.push({ path: ['data', 'tls.crt'], message: 'must be certificates in PEM' });
  if (privateKey === undefined)
    refusals.push({ path: ['data', 'tls.key'], message: 'must be an unencrypted private key in PEM' });
  if (leaf !== undefined && privateKey !== undefined && !leaf.checkPrivateKey(privateKey)) {
    const message = `must be the key of the certificate in tls.crt (${leaf.subject.replaceAll('\n', ', ')})`;
    refusals.push({ path: ['data', 'tls.key'], message });
  }
  return refusals;
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined || base64 === '' ? undefined : Buffer.from(base64, 'base64').toString('latin1');
}

/** The first certificate of a chain of which every one can be parsed. */
function parseChain(pem: string): X509Certificate | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block))[0];
  } catch {
    return undefined;
  }
}

function parseKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
