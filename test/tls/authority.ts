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
  /** Names of other sorts, as OpenSSL writes them: "1.3.6.1.4.1.311.20.2.3;UTF8:ada@example". */
  readonly others?: readonly string[];
  readonly key?: keyof typeof KEYS;
}

/** Kinds of keys. */
const KEYS = { ECDSA: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], RSA: ['rsa:2048'] } as const;

/** Makes a certificate for a name, signed by an authority or, without one, by itself; `ca` for an authority. */
export function issue(name: string, what: Issued = {}, by?: Pair, ca = false): Pair {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const file = (path: string): string => join(folder, path);
  const { dns = [], uris = [], others = [], key = 'ECDSA' } = what;
  const names = [
    ...dns.map((one) => `DNS:${one}`),
    ...uris.map((one) => `URI:${one}`),
    ...others.map((one) => `otherName:${one}`),
  ].join(',');
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
    const subject = ['-config', file('empty.cnf'), '-subj', `/CN=${name}`, '-days', '36500'];
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

/** The list of the certificates that an authority revokes, in PEM; `over` since 2021 where it says so. */
export function revocations(by: Pair, revoked: readonly Pair[], over = false): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const file = (path: string): string => join(folder, path);
  const settings = `[ca]\ndefault_ca=d\n[d]\ndatabase=${file('index')}\ndefault_md=sha256\ndefault_crl_days=30000\n`;
  const ca = (...more: readonly string[]): Buffer => {
    const all = ['ca', '-config', file('cnf'), '-cert', file('ca.crt'), '-keyfile', file('ca.key'), ...more];
    return execFileSync('openssl', all, { stdio: 'pipe' });
  };
  try {
    writeFileSync(file('cnf'), settings);
    writeFileSync(file('index'), '');
    writeFileSync(file('ca.crt'), by.certificate);
    writeFileSync(file('ca.key'), by.key);
    for (const { certificate } of revoked) {
      writeFileSync(file('crt'), certificate);
      ca('-revoke', file('crt'));
    }
    const times = over ? ['-crl_lastupdate', '200101000000Z', '-crl_nextupdate', '210101000000Z'] : [];
    ca('-gencrl', ...times, '-out', file('crl'));
    return readFileSync(file('crl'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A certificate that is over since 2021, signed by itself. */
export const EXPIRED: Pair = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBCzCBsgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleHBpcmVkMB4XDTIw
MDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHZXhwaXJlZDBZ
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABBFX9LQVcw7Cg7ixJD3GPEyKtn87Zch5
F0wvKorVUh0dC1sOHQ3NgHdR+/q0ivA4B1dMBF5XYWnCjBR2H5OWeSAwCgYIKoZI
zj0EAwIDSAAwRQIhAPJkVk5s1F/4tyKonUa7RY7tGzPtA//A7mHDFX+S3MxIAiAl
OmxPmROXO5U5Y8ugphpkqXGmwDEIf5ilzJ2TqQgUnA==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwZ3LWZvl20Y1PKQ5
If3iuJihfwjdmP6rHBCnHC4MsfChRANCAAQRV/S0FXMOwoO4sSQ9xjxMirZ/O2XI
eRdMLyqK1VIdHQtbDh0NzYB3Ufv6tIrwOAdXTAReV2FpwowUdh+Tlnkg
-----END PRIVATE KEY-----
`,
};
