import { afterEach, describe, expect, it, vi } from 'vitest';
import { captureLog } from '#extproc/testing/log-capture.ts';
import { allows, CONTROLLER_RULES } from '../kubernetes/rbac.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../kubernetes/testing/scripted-api-server.ts';
import { manualClock } from '../runtime/testing/manual-clock.ts';
import { clusterSecrets, type FollowedSecrets } from './cluster-secrets.ts';

const SECRETS = { group: '', versions: ['v1'], plural: 'secrets', kind: 'Secret' };

let server: ScriptedApiServer | undefined;
let secrets: FollowedSecrets | undefined;
afterEach(async () => {
  secrets?.stop();
  await server?.close();
});

const written = (text: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'system', name: 'redis', annotations: { other: 'x' }, managedFields: [] },
  type: 'Opaque',
  data: { url: Buffer.from(text).toString('base64') },
});

async function follow() {
  const api = await scriptedApiServer([SECRETS]);
  server = api;
  const clock = manualClock();
  const { log, lines } = captureLog();
  const changed = vi.fn<() => void>();
  const start = () => {
    const options = { namespace: 'system', names: ['redis'], clock, random: () => 0, changed, log };
    secrets = clusterSecrets({ server: api.client(), ...options });
  };
  const url = () => {
    const reading = secrets?.read('redis');
    return reading?.kind === 'secret' ? atob(reading.secret.data?.['url'] ?? '') : reading?.message;
  };
  const round = async () => {
    const before = api.calls.length;
    clock.pass(10_000);
    await vi.waitFor(() => expect(api.calls.length).toBeGreaterThan(before));
  };
  return { api, start, url, round, changed, lines };
}

describe('the Secrets of the controller', () => {
  it('are read by name, with what it may do there anyway, and again and again', async () => {
    const { api, start, url, round, changed } = await follow();
    api.store.put('/secrets', written('one'));
    start();
    await vi.waitFor(() => expect(url()).toBe('one'));
    await round();
    expect(changed).toHaveBeenCalledTimes(1);
    api.store.put('/secrets', written('two'));
    await vi.waitFor(async () => {
      await round();
      expect(url()).toBe('two');
    });
    expect(changed).toHaveBeenCalledTimes(2);
    const rights = { watched: [], own: 'system' };
    expect(api.calls.filter((call) => !allows(CONTROLLER_RULES, call, rights))).toEqual([]);
  });

  it('that are not there, or go, say so', async () => {
    const { api, start, url, round } = await follow();
    start();
    await vi.waitFor(() => expect(url()).toBe('Secret system/redis is not there'));
    api.store.put('/secrets', written('one'));
    await vi.waitFor(async () => {
      await round();
      expect(url()).toBe('one');
    });
    api.store.delete('/secrets', 'system', 'redis');
    await vi.waitFor(async () => {
      await round();
      expect(url()).toBe('Secret system/redis is not there');
    });
  });

  it('that are deleted and made again are never missing', async () => {
    const { api, start, url, round, changed, lines } = await follow();
    api.store.put('/secrets', written('one'));
    start();
    await vi.waitFor(() => expect(url()).toBe('one'));
    for (const text of ['two', 'three']) {
      api.store.delete('/secrets', 'system', 'redis');
      await round();
      await vi.waitFor(() => expect(lines.join('\n')).toContain('is not there'));
      api.store.put('/secrets', written(text));
      await vi.waitFor(async () => {
        await round();
        expect(url()).toBe(text);
      });
    }
    expect(changed).toHaveBeenCalledTimes(3);
  });

  it('stay what they were while the API server cannot say what they are, which is told once', async () => {
    const { api, start, url, round, lines } = await follow();
    api.store.put('/secrets', written('one'));
    start();
    await vi.waitFor(() => expect(url()).toBe('one'));
    for (const status of [500, 403, 500, 500]) {
      api.script.refuse = () => status;
      await round();
      expect(url()).toBe('one');
    }
    await vi.waitFor(() => expect(lines.join('\n')).toContain('cannot be used'));
    api.script.refuse = () => undefined;
    api.store.put('/secrets', written('two'));
    await vi.waitFor(async () => {
      await round();
      expect(url()).toBe('two');
    });
  });

  it('that are no Secrets any more by our schema stay what they were, which is told without what they hold', async () => {
    const { api, start, url, round, lines } = await follow();
    api.store.put('/secrets', written('one'));
    start();
    await vi.waitFor(() => expect(url()).toBe('one'));
    api.store.put('/secrets', { ...written('one'), data: { url: 'hidden, and no base64' } });
    await vi.waitFor(async () => {
      await round();
      expect(lines.join('\n')).toContain('cannot be used');
    });
    expect(url()).toBe('one');
    expect(lines.join('\n')).not.toContain('hidden');
  });

  it('are not known where the API server could not say what they are yet, and not there where they may not be read', async () => {
    const { api, start, url, round } = await follow();
    api.store.put('/secrets', written('one'));
    api.script.refuse = () => 503;
    start();
    await vi.waitFor(() => expect(api.calls.length).toBeGreaterThan(0));
    expect(secrets?.read('redis')).toBeUndefined();
    api.script.refuse = () => 403;
    await vi.waitFor(async () => {
      await round();
      expect(url()).toContain('may not be read');
    });
  });
});
