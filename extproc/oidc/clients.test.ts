import { describe, expect, test } from 'vitest';
import { oidcClient, oidcWorld } from '../testing/oidc-world.ts';
import { OidcClients } from './clients.ts';

const SOON = (): AbortSignal => new AbortController().signal;
const [client] = oidcWorld([oidcClient('https://issuer.example')]).logins;
if (client === undefined) throw new Error('no client');
const { id } = client.client;

describe('a client that a route names', () => {
  test('is waited for where the controller has not sent it yet', async () => {
    const clients = new OidcClients();
    const found = clients.find(id, SOON());
    clients.take([client]);
    expect(await found).toBe(client);
  });

  test('is not waited for any longer when the request is gone', async () => {
    const request = new AbortController();
    const found = new OidcClients().find(id, request.signal);
    request.abort();
    expect(await found).toBeUndefined();
  });

  test('is known for a while after it is gone: requests of its routes are under way', async () => {
    let now = 0;
    const clients = new OidcClients(() => now);
    clients.take([client]);
    clients.take([]);
    now = 14_000;
    expect(await clients.find(id, SOON())).toBe(client);
    now = 16_000;
    const late = new AbortController();
    const found = clients.find(id, late.signal);
    late.abort();
    expect(await found).toBeUndefined();
  });

  test('that never comes makes requests 503, never open', async () => {
    expect(await oidcWorld([]).browser().visit('/')).toMatchObject({ status: 503 });
  });
});
