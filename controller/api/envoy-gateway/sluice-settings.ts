import { array, described, duration, map, named, oneOf, required, string, withDefault } from '../schema.ts';

const fetch = named('SluiceFetch', {
  refuse: described(
    'Addresses that nothing a manifest names by URL is fetched from, beside link-local, metadata and multicast ones, which never are.',
    array(oneOf(['Loopback', 'Private']), { set: true }),
  ),
  allow: described(
    'Networks that are let through all the same.',
    array(string({ format: 'cidr' }), { set: true, maxItems: 64 }),
  ),
  timeout: described('The longest that one fetch may take.', withDefault(duration(), '10s')),
});

const redis = named('SluiceRedis', {
  url: described('redis:// or rediss://, with a password where it needs one.', {
    ...required(string({ pattern: '^rediss?://', patternHint: 'a URL that begins with redis:// or rediss://' })),
    sensitive: true,
  }),
});

/** Sluice's own part of the configuration file (`sluice`): what is around a gateway on this machine or in this network. */
export const sluiceSettings = named(
  'SluiceSettings',
  {
    resolverOverrides: described(
      'Where hosts really are, by HOST or HOST:PORT: ADDRESS, or ADDRESS:PORT.',
      map(string({ minLength: 1 }), { maxProperties: 1_000 }),
    ),
    registryMirrors: described(
      'URLs to try before a registry itself, by the host of the registry.',
      map(
        array(string({ format: 'uri', pattern: '^https?://', patternHint: 'an http or https URL' }), { minItems: 1 }),
        {
          maxProperties: 1_000,
        },
      ),
    ),
    caBundle: described(
      "A file of certificates in PEM that are trusted beside the machine's own; its path is relative to the configuration file.",
      string({ minLength: 1 }),
    ),
    fetch,
    policyImage: described(
      'The image of the policy module, instead of the one that Sluice brings; pulled with the credentials that Docker has.',
      string({ minLength: 1 }),
    ),
    redis,
    systemTrust: described(
      'The file of certificates in PEM that a proxy trusts where a manifest says System, as the proxy sees it.',
      string({ pattern: '^/', patternHint: 'an absolute path' }),
    ),
  },
  { description: "Sluice's own settings." },
);
