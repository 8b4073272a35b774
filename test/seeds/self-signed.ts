import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The content of a Secret of type kubernetes.io/tls, in PEM. */
export interface KeyPair {
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
}

/** Keys of this kind; Envoy refuses the small one. */
const KEYS = { 'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'RSA-1024': ['rsa:1024'] } as const;

/** Makes a certificate for a name, signed with its own key. */
export function selfSigned(name: string, kind: keyof typeof KEYS = 'P-256'): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  try {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '36500'];
    const files = ['-nodes', '-keyout', key, '-out', crt];
    execFileSync('openssl', ['req', '-x509', '-newkey', ...KEYS[kind], ...subject, ...files], { stdio: 'ignore' });
    return { 'tls.crt': readFileSync(crt, 'utf8'), 'tls.key': readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
