import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, in PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. */
export interface Issued {
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  readonly key?: keyof typeof KEYS;
  /** Whether its time is over. */
  readonly expired?: boolean;
}

/** Kinds of keys. */
const KEYS = { ECDSA: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], RSA: ['rsa:2048'] } as const;

/** Makes a certificate for a name, signed by an authority or, without one, by itself; `ca` for an authority. */
export function issue(name: string, what: Issued = {}, by?: Pair, ca = false): Pair {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const file = (path: string): string => join(folder, path);
  const { dns = [], uris = [], key = 'ECDSA', expired = false } = what;
  const names = [...dns.map((one) => `DNS:${one}`), ...uris.map((one) => `URI:${one}`)].join(',');
  const extensions = [
    `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`,
    ...(ca ? ['keyUsage=critical,keyCertSign,cRLSign,digitalSignature'] : ['extendedKeyUsage=serverAuth,clientAuth']),
    ...(names === '' ? [] : [`subjectAltName=${names}`]),
  ];
  try {
    if (by !== undefined) {
      writeFileSync(file('ca.crt'), by.certificate);
      writeFileSync(file('ca.key'), by.key);
    }
    writeFileSync(file('empty.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
    const subject = ['-config', file('empty.cnf'), '-subj', `/CN=${name}`, '-days', expired ? '-1' : '36500'];
    const signer = by === undefined ? [] : ['-CA', file('ca.crt'), '-CAkey', file('ca.key')];
    const added = extensions.flatMap((one) => ['-addext', one]);
    const files = ['-keyout', file('key'), '-out', file('crt')];
    const all = ['req', '-x509', '-newkey', ...KEYS[key], '-nodes', ...subject, ...signer, ...added, ...files];
    execFileSync('openssl', all, { stdio: 'pipe' });
    return { certificate: readFileSync(file('crt'), 'utf8'), key: readFileSync(file('key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes an authority, which signs itself unless another signs it. */
export function authority(name: string, by?: Pair): Pair {
  return issue(name, {}, by, true);
}
