import { existsSync } from 'node:fs';

/** Where systems have the authorities that they trust: Debian, Red Hat, Alpine, SUSE. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
] as const;

/** The file of the authorities that this machine trusts; where it has none, that of Debian, which keeps Envoy from trusting anybody. */
export function localSystemTrust(): string {
  return FILES.find((file) => existsSync(file)) ?? FILES[0];
}
