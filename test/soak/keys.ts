import { issuer } from '#wasm-filters/testing/issuer.ts';
import { FOREVER, type Keys } from './world.ts';

/** Tokens of those who have one, by who has it. */
export type Tokens = { readonly [name in 'alice' | 'mallory' | 'forged' | 'signed']: string };

/** Makes the keys of those who issue tokens. */
export function makeKeys(): Keys {
  return { envoy: issuer('RS256'), sidecar: issuer('EdDSA') };
}

/** Issues the tokens that clients have; the forged one has a signature turned around. */
export function tokensOf({ envoy, sidecar }: Keys): Tokens {
  const alice = envoy.token({ sub: 'alice', ...FOREVER });
  const turned = alice.slice(-20).split('').toReversed().join('');
  return {
    alice,
    mallory: envoy.token({ sub: 'mallory', ...FOREVER }),
    forged: `${alice.slice(0, -20)}${turned}`,
    signed: sidecar.token({ sub: 'alice', ...FOREVER }),
  };
}
