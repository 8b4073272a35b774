import { isIP } from 'node:net';

/**
 * Whether a request names a host that a foreign web page cannot make it name: an IP address, localhost, or the name the
 * endpoint was told to listen on. A page whose own name was made to lead here (DNS rebinding) sends that name.
 */
export function isOwnHost(host: string | undefined, listenHost: string): boolean {
  if (host === undefined) return false;
  const name = /^(?<name>\[[^\]]*\]|[^:]*)(?::\d+)?$/u.exec(host)?.groups?.['name']?.toLowerCase();
  if (name === undefined) return false;
  const bare = name.replace(/^\[(?<inner>.*)\]$/u, '$<inner>');
  return isIP(bare) !== 0 || bare === 'localhost' || bare === listenHost.toLowerCase();
}
