import type { IdentityProviderOptions } from './identity-provider.ts';

/** The client and the users of the demonstration and the example. The secret is none: everybody can read it here. */
export const DEMO_CLIENT: Omit<IdentityProviderOptions, 'port' | 'redirectUris'> = {
  clientId: 'shop',
  clientSecret: 'no-secret',
  users: {
    ada: { name: 'Ada', email: 'ada@example.com', groups: ['admins', 'buyers'] },
    bob: { name: 'Bob', email: 'bob@example.com', groups: ['buyers'] },
  },
  ttl: 300,
};
