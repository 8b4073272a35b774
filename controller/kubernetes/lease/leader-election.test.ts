import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#controller/runtime/clock.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../testing/scripted-api-server.ts';
import { LeaderElection } from './leader-election.ts';

const LEASES = { group: 'coordination.k8s.io', versions: ['v1'], plural: 'leases', kind: 'Lease' };
const PACE = { leaseDuration: 1_000, renewDeadline: 600, retryPeriod: 50 };

describe('the election of a leader', () => {
  let server: ScriptedApiServer | undefined;
  const all: LeaderElection[] = [];
  afterEach(async () => {
    await Promise.all(all.splice(0).map((one) => one.stop()));
    await server?.close();
  });

  const begin = async (): Promise<ScriptedApiServer> => (server = await scriptedApiServer([LEASES]));

  function replica(api: ScriptedApiServer, identity: string, client = api.client()) {
    const told: boolean[] = [];
    const election = new LeaderElection({
      server: client,
      namespace: 'system',
      name: 'lease',
      identity,
      pace: PACE,
      clock: systemClock,
      random: Math.random,
      changed: (isLeader) => told.push(isLeader),
      failed: () => undefined,
    });
    all.push(election);
    election.start();
    return { election, told };
  }

  const lease = (api: ScriptedApiServer) => api.store.get('coordination.k8s.io/leases', 'system', 'lease');

  it('makes one of several replicas the leader, who stays it', async () => {
    const api = await begin();
    const replicas = ['a', 'b', 'c'].map((name) => replica(api, name).election);
    const leaders = () => replicas.filter(({ isLeader }) => isLeader).length;
    await expect.poll(leaders).toBe(1);
    const first = replicas.findIndex(({ isLeader }) => isLeader);
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    expect(replicas.map(({ isLeader }) => isLeader)).toEqual(replicas.map((_, index) => index === first));
    expect(lease(api)).toMatchObject({ spec: { leaseDurationSeconds: 1, leaseTransitions: 0 } });
  });

  it('hands over at once when the leader ends', async () => {
    const api = await begin();
    const first = replica(api, 'a');
    await expect.poll(() => first.election.isLeader).toBe(true);
    const second = replica(api, 'b');
    await first.election.stop();
    expect(first.told).toEqual([true, false]);
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
    await expect.poll(() => second.election.isLeader).toBe(true);
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: 'b', leaseTransitions: 1 } });
  });

  it('gives the Lease up also where the API server took a write whose answer did not come', async () => {
    const api = await begin();
    const client = api.client();
    let isCut = false;
    const cut = {
      ...client,
      // The write reaches the server, and its answer nobody.
      ask: async (request: Parameters<typeof client.ask>[0]) => {
        if (!isCut || request.method !== 'PUT') return client.ask(request);
        const { signal, ...rest } = request;
        isCut = false;
        await client.ask(rest);
        return new Promise<never>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('cut')));
        });
      },
    };
    const { election, told } = replica(api, 'a', cut);
    await expect.poll(() => told).toEqual([true]);
    isCut = true;
    await expect.poll(() => isCut).toBe(false);
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it("gives up no Lease that is another's by then", async () => {
    const api = await begin();
    const { election, told } = replica(api, 'a');
    await expect.poll(() => told).toEqual([true]);
    const { metadata } = lease(api) ?? {};
    const spec = { holderIdentity: 'z', leaseDurationSeconds: 60, renewTime: 'now', leaseTransitions: 7 };
    api.store.put('coordination.k8s.io/leases', { metadata, spec });
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: 'z' } });
  });

  it('has no leader that cannot renew, and another only after that', async () => {
    const api = await begin();
    const times: string[] = [];
    const lonely = api.client();
    let isCut = false;
    const first = replica(api, 'a', {
      ...lonely,
      ask: (request) => (isCut ? Promise.reject(new Error('cut')) : lonely.ask(request)),
    });
    await expect.poll(() => first.election.isLeader).toBe(true);
    const second = replica(api, 'b');
    isCut = true;
    const seen = setInterval(() => {
      const both = first.election.isLeader && second.election.isLeader;
      if (both) times.push('two leaders');
    }, 5);
    await expect.poll(() => second.election.isLeader, { timeout: 5_000 }).toBe(true);
    clearInterval(seen);
    expect(first.told).toEqual([true, false]);
    expect(times).toEqual([]);
  });

  it('leads again after an outage that nobody else used', async () => {
    const api = await begin();
    const { told } = replica(api, 'a');
    await expect.poll(() => told).toEqual([true]);
    await api.down();
    await expect.poll(() => told, { timeout: 5_000 }).toEqual([true, false]);
    await api.up();
    await expect.poll(() => told, { timeout: 5_000 }).toEqual([true, false, true]);
  });

  it('gives way to a hand that writes another name into the Lease', async () => {
    const api = await begin();
    const { election } = replica(api, 'a');
    await expect.poll(() => election.isLeader).toBe(true);
    const { metadata } = lease(api) ?? {};
    const spec = { holderIdentity: 'z', leaseDurationSeconds: 60, renewTime: 'now', leaseTransitions: 7 };
    api.store.put('coordination.k8s.io/leases', { metadata, spec });
    await expect.poll(() => election.isLeader).toBe(false);
  });
});
