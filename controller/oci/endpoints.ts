import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { ImageReference } from './reference.ts';

/**
 * Where the registry of a reference is asked, in order: its mirrors, by the setting, then itself. It is asked over https;
 * plain HTTP is for a mirror that says so, and for this machine, as Docker has it.
 */
export function endpointsOf(
  { registry }: ImageReference,
  mirrors: ReadonlyMap<string, readonly string[]>,
): Outcome<readonly URL[], 'Malformed'> {
  const endpoints: URL[] = [];
  for (const text of mirrors.get(registry) ?? []) {
    const url = URL.parse(text);
    if (url === null) return refusal('Malformed', `the mirror of ${registry}: ${JSON.stringify(text)} is no URL`);
    endpoints.push(url);
  }
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const own = URL.parse(`https://${host}/`);
  if (own === null) return refusal('Malformed', `${registry} is no host of a registry`);
  if (isThisMachine(own.hostname)) own.protocol = 'http:';
  return success([...endpoints, own]);
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/u.test(hostname);
}
