import type { Secret } from '#controller/api/gen/types.d.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { certificatePairIn } from '../tls/certificate.ts';
import { authoritiesBeside } from '../tls/trust.ts';
import { dataOf } from '../tls/data.ts';
import { redisUrl } from './redis-address.ts';
import type { RedisSettings, SecretReference } from './redis-settings.ts';

/** Where the sidecars count global rate limits. Secret as a whole, but for an impediment. */
export type Counting =
  /** Each in its own memory. */
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis';
      /** `redis:` or `rediss:`. */
      readonly url: string;
      /** What is shown to it. */
      readonly certificate: { readonly chain: string; readonly key: string } | undefined;
      /** Certificates in PEM that are trusted beside the machine's own. */
      readonly authorities: string | undefined;
    }
  /** Nowhere, and why: nothing is counted elsewhere in its stead. */
  | { readonly kind: 'nowhere'; readonly impediment: string };

/** What is known of a Secret: `undefined` where it is not known whether there is one. */
export type SecretReading =
  | { readonly kind: 'secret'; readonly secret: Secret }
  | { readonly kind: 'unusable'; readonly message: string }
  | undefined;

/** The Secrets of the controller's namespace, as they are now. */
export interface OwnSecrets {
  readonly namespace: string;
  read(name: string): SecretReading;
}

/**
 * Where to count by these settings and Secrets; `undefined` while a Secret that decides it has not been read. A Redis that cannot
 * be shown the certificate that is to be shown is not spoken to at all. Whether that is still good is for Redis to judge.
 */
export function countingBy(settings: RedisSettings | undefined, secrets: OwnSecrets): Counting | undefined {
  if (settings === undefined) return { kind: 'memory' };
  const { address, tls } = settings;
  const url = address.kind === 'url' ? success(address.url) : urlIn(address, tls !== undefined, secrets);
  const shown = tls?.certificate === undefined ? success(undefined) : shownIn(tls.certificate, secrets);
  if (url === undefined || shown === undefined) return undefined;
  if (!url.ok) return { kind: 'nowhere', impediment: url.refusal.message };
  if (!shown.ok) return { kind: 'nowhere', impediment: shown.refusal.message };
  return {
    kind: 'redis',
    url: url.value,
    certificate: shown.value?.certificate,
    authorities: shown.value?.authorities,
  };
}

type Read<T> = Outcome<T, 'Impediment'> | undefined;

function urlIn(
  { name, key }: { readonly name: string; readonly key: string },
  tls: boolean,
  secrets: OwnSecrets,
): Read<string> {
  const field = 'rateLimit.backend.redis.urlRef';
  const found = secretIn({ namespace: undefined, name }, field, secrets);
  if (found?.ok !== true) return found;
  const place = `${field}: Secret ${secrets.namespace}/${name}: ${key}`;
  const address = dataOf(found.value, key);
  if (address === undefined) return refusal('Impediment', `${place}: found none`);
  const url = redisUrl(address, tls);
  return url.ok ? url : refusal('Impediment', `${place}: ${url.refusal.message}`);
}

interface Shown {
  readonly certificate: { readonly chain: string; readonly key: string };
  readonly authorities: string | undefined;
}

/** Differs from Envoy Gateway: `ca.crt` of the Secret, which it leaves alone, is trusted beside the machine's own authorities. */
function shownIn(reference: SecretReference, secrets: OwnSecrets): Read<Shown> {
  const field = 'rateLimit.backend.redis.tls.certificateRef';
  const found = secretIn(reference, field, secrets);
  if (found?.ok !== true) return found;
  const certificate = certificatePairIn(found.value);
  if (!certificate.ok) return refusal('Impediment', `${field}: ${certificate.refusal.message}`);
  const authorities = authoritiesBeside(found.value);
  if (!authorities.ok) return refusal('Impediment', `${field}: ${authorities.refusal.message}`);
  const { certificateChain: chain, privateKey: key } = certificate.value;
  return success({ certificate: { chain, key }, authorities: authorities.value });
}

function secretIn({ namespace, name }: SecretReference, field: string, secrets: OwnSecrets): Read<Secret> {
  if (namespace !== undefined && namespace !== secrets.namespace) {
    const accepted = `accepted is that of the controller, ${secrets.namespace}`;
    return refusal('Impediment', `${field}: found namespace ${namespace}, ${accepted}`);
  }
  const reading = secrets.read(name);
  if (reading === undefined) return undefined;
  return reading.kind === 'secret' ? success(reading.secret) : refusal('Impediment', `${field}: ${reading.message}`);
}
