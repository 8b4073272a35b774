import { parseArgs } from 'node:util';
import { startIdentityProvider } from './identity-provider.ts';
import { DEMO_CLIENT } from './demo-client.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, 'redirect-uri': { type: 'string', multiple: true } },
});
const { issuer } = await startIdentityProvider({
  ...DEMO_CLIENT,
  port: Number(values.port ?? 0),
  redirectUris: values['redirect-uri'] ?? [],
});
process.stdout.write(`a provider for trying things out, where anybody may be anybody: ${issuer}\n`);
