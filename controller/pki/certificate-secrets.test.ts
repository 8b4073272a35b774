import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { servedKinds } from '../kubernetes/testing/served-kinds.ts';
import { scriptedApiServer, type ScriptedApiServer } from '../kubernetes/testing/scripted-api-server.ts';
import { isGood, LIFETIME } from './authority.ts';
import { type Certificates, certificates } from './certificate-secrets.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const NAMES = ['envoy-gateway', 'envoy-gateway.system.svc'];

let api: ScriptedApiServer;
beforeEach(async () => {
  api = await scriptedApiServer(servedKinds);
});
afterEach(() => api.close());

function at(now: number, mayWrite = true): Promise<Certificates> {
  return certificates({ server: api.client(), namespace: 'system', dnsNames: NAMES, mayWrite, now });
}

describe('the certificates of a controller', () => {
  it('are made once, as Secrets of type kubernetes.io/tls', async () => {
    const first = await at(NOW);
    expect(isGood(first.server, first.authority.trusted, { kind: 'server', dnsNames: NAMES }, NOW)).toBe(true);
    expect(await at(NOW + 1)).toEqual(first);
    expect(api.store.get('/secrets', 'system', 'envoy-gateway')).toMatchObject({ type: 'kubernetes.io/tls' });
  });

  it('are the same for all who make them at once', async () => {
    const [one, ...others] = await Promise.all([at(NOW), at(NOW), at(NOW)]);
    for (const other of others) {
      expect(other.authority.current.certificate).toBe(one?.authority.current.certificate);
      expect(other.server.certificate).toBe(one?.server.certificate);
    }
  });

  it('are renewed before they expire: the serving one by the same authority, the authority with the one before still trusted', async () => {
    const first = await at(NOW);
    expect(first.renewAt).toBeLessThan(NOW + LIFETIME.leaf);
    const second = await at(first.renewAt + 1);
    expect(second.authority).toEqual(first.authority);
    expect(second.server.certificate).not.toBe(first.server.certificate);
    const third = await at(NOW + LIFETIME.authority * 0.7);
    expect(third.authority.current.certificate).not.toBe(first.authority.current.certificate);
    expect(third.authority.trusted).toContain(first.authority.current.certificate);
  });

  it('are read as they are by who may not write, and missed by name', async () => {
    await expect(at(NOW, false)).rejects.toThrow('Secret system/sluice-ca');
    const made = await at(NOW);
    expect(await at(NOW + LIFETIME.leaf, false)).toEqual(made);
  });

  it('that cannot be written are told in the words of the API server', async () => {
    api.script.refuse = ({ verb }) => (verb === 'create' ? 403 : undefined);
    await expect(at(NOW)).rejects.toThrow('Secret system/sluice-ca cannot be written: refused by the script');
  });
});
