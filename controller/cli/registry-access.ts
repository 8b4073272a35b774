import { createFetcher, type GuardedFetch } from '#extproc/outbound/guarded-fetch.ts';
import type { Credentials } from '../oci/credentials.ts';
import { userCredentials } from '../oci/docker-config.ts';
import { endpointsOf } from '../oci/endpoints.ts';
import { type ImageReference, parseReference } from '../oci/reference.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { RegistryFlags } from './filter-program.ts';
import { givenConfiguration } from './given-configuration.ts';

/** How the registry of an image is asked, on behalf of the user of this machine. */
export interface RegistryAccess {
  readonly fetch: GuardedFetch;
  readonly reference: ImageReference;
  readonly credentials: Credentials | undefined;
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** The registry itself. */
  readonly endpoint: URL;
  close(): Promise<void>;
}

/** Makes ready to ask for the image that `text` names. */
export async function registryAccess(
  command: string,
  text: string,
  { plainHttp, config }: RegistryFlags,
): Promise<Outcome<RegistryAccess, 'Malformed'>> {
  const configuration = givenConfiguration(`filter ${command}`, config);
  if (configuration === undefined) return refusal('Malformed', `--config ${config} cannot be used`);
  const reference = parseReference(text);
  if (!reference.ok) return refusal('Malformed', `the image: ${reference.refusal.message}`);
  const credentials = await userCredentials(reference.value, process.env);
  if (!credentials.ok) return credentials;
  const { registry } = reference.value;
  const plain = plainHttp ? new Map([[registry, [`http://${registry}/`]]]) : undefined;
  const mirrors = plain ?? configuration.fetch.registryMirrors;
  const endpoints = endpointsOf(reference.value, plain ?? new Map());
  if (!endpoints.ok) return endpoints;
  const [endpoint] = endpoints.value;
  if (endpoint === undefined) return refusal('Malformed', `${registry} is no registry`);
  const fetcher = createFetcher(configuration.fetch);
  return success({
    fetch: fetcher.fetch,
    reference: reference.value,
    credentials: credentials.value,
    mirrors,
    endpoint,
    close: () => fetcher.close(),
  });
}
