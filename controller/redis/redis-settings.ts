import type { EnvoyGateway } from '#controller/api/gen/types.d.ts';
import type { FieldPath } from '#controller/api/field-path.ts';
import { parseDuration } from '../resources/duration.ts';
import { redisUrl } from './redis-address.ts';

/** What the configuration says of the Redis that global rate limits are counted in. */
export interface RedisSettings {
  /** Where it is: its URL, or the key of a Secret in the controller's namespace that has its address. Secret. */
  readonly address:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'secret'; readonly name: string; readonly key: string };
  /** Whether it is spoken to by TLS whatever its address says, and the Secret with the certificate that we show. */
  readonly tls: { readonly certificate: SecretReference | undefined } | undefined;
}

/** A Secret; without a namespace it is in that of the controller. */
export interface SecretReference {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Says what is wrong with a field. */
type Refuse = (path: FieldPath, message: string) => void;

const AT = ['rateLimit', 'backend', 'redis'] as const;

/**
 * Reads `sluice.redis` and `rateLimit.backend.redis` (`RateLimitRedisSettings`). An address of our own goes first; `tls` is for
 * either: what asks for TLS is never sent in the clear.
 */
export function redisSettings({ sluice, rateLimit }: EnvoyGateway, refuse: Refuse): RedisSettings | undefined {
  const own = sluice?.redis?.url;
  if (own === undefined && rateLimit === undefined) return undefined;
  const { url, urlRef, tls } = rateLimit?.backend.redis ?? {};
  if (url !== undefined && urlRef !== undefined) refuse([...AT, 'urlRef'], 'found beside url, accepted is one of them');
  if (urlRef?.secretKeyRef.optional === true) {
    refuse(
      [...AT, 'urlRef', 'secretKeyRef', 'optional'],
      'found true, accepted is false: there is nowhere to count without it',
    );
  }
  const certificate = tls === undefined ? undefined : { certificate: secretReference(tls.certificateRef, refuse) };
  const given = (address: string, path: FieldPath): RedisSettings | undefined => {
    const found = redisUrl(address, tls !== undefined);
    if (found.ok) return { address: { kind: 'url', url: found.value }, tls: certificate };
    refuse(path, found.refusal.message);
    return undefined;
  };
  if (own !== undefined) return given(own, ['sluice', 'redis', 'url']);
  if (url !== undefined) return given(url, [...AT, 'url']);
  if (urlRef === undefined) {
    // Counting in memory instead would allow what was to be refused.
    refuse(AT, 'found neither url nor urlRef, accepted is one of them');
    return undefined;
  }
  const { name, key } = urlRef.secretKeyRef;
  return { address: { kind: 'secret', name, key }, tls: certificate };
}

type CertificateRef = NonNullable<
  NonNullable<NonNullable<NonNullable<EnvoyGateway['rateLimit']>['backend']['redis']>['tls']>['certificateRef']
>;

function secretReference(ref: CertificateRef | undefined, refuse: Refuse): SecretReference | undefined {
  if (ref === undefined) return undefined;
  const { group, kind, name, namespace } = ref;
  if (group !== '' || kind !== 'Secret') {
    const found = `found kind ${kind} of group "${group}"`;
    refuse([...AT, 'tls', 'certificateRef'], `${found}, accepted is a Secret of type kubernetes.io/tls`);
  }
  return { namespace, name };
}

/** The Secrets of the controller's namespace that are needed, by name. */
export function secretsOf(settings: RedisSettings | undefined): readonly string[] {
  const address = settings?.address.kind === 'secret' ? [settings.address.name] : [];
  const certificate = settings?.tls?.certificate;
  return [...new Set([...address, ...(certificate === undefined ? [] : [certificate.name])])];
}

/** How long a request may be made to wait for its count. Milliseconds. */
const LONGEST_TIMEOUT = 10_000;

/** Reads `rateLimit.timeout`: how long a request waits to be counted, in milliseconds. */
export function rateLimitTimeout({ rateLimit }: EnvoyGateway, refuse: Refuse): number | undefined {
  const text = rateLimit?.timeout;
  if (text === undefined) return undefined;
  const timeout = parseDuration(text);
  if (timeout < 1 || timeout > LONGEST_TIMEOUT) {
    refuse(['rateLimit', 'timeout'], `found ${text}, accepted is 1ms to ${LONGEST_TIMEOUT / 1000}s`);
  }
  return timeout;
}
