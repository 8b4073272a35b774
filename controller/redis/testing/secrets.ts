import type { Secret } from '#controller/api/gen/types.d.ts';
import type { OwnSecrets, SecretReading } from '../counting.ts';

/** A Secret of the controller's namespace, by its texts. */
export function secret(name: string, texts: { readonly [key: string]: string }, type = 'Opaque'): SecretReading {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  const metadata = { namespace: 'system', name, generation: 1 };
  const made: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
  return { kind: 'secret', secret: made };
}

/** The same of type kubernetes.io/tls. */
export function certificateSecret(name: string, texts: object): SecretReading {
  return secret(name, { ...texts }, 'kubernetes.io/tls');
}

/** Secrets of namespace "system"; those that are `undefined` have not been read. */
export function secretsWith(readings: { readonly [name: string]: SecretReading }): OwnSecrets {
  return { namespace: 'system', read: (name) => readings[name] };
}
