import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '#controller/runtime/testing/manual-clock.ts';
import type { ApiServer } from '../api-server.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../testing/scripted-api-server.ts';
import { LeaderElection } from './leader-election.ts';

const LEASES = { group: 'coordination.k8s.io', versions: ['v1'], plural: 'leases', kind: 'Lease' };
const PACE = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };
const POLL = { timeout: 60_000, interval: 5 };

describe('the election of a leader', () => {
  let server: ScriptedApiServer | undefined;
  let clock = manualClock(1_000_000);
  /** Requests that are not answered yet. */
  let underWay = 0;
  const all: LeaderElection[] = [];
  afterEach(async () => {
    await Promise.all(all.splice(0).map((one) => one.stop()));
    await server?.close();
  });

  const begin = async (): Promise<ScriptedApiServer> => {
    clock = manualClock(1_000_000);
    underWay = 0;
    return (server = await scriptedApiServer([LEASES]));
  };

  function replica(api: ScriptedApiServer, identity: string, client = api.client()) {
    const told: boolean[] = [];
    const failures: string[] = [];
    const counted: ApiServer = {
      ...client,
      ask: (request) => {
        underWay += 1;
        return client.ask(request).finally(() => (underWay -= 1));
      },
    };
    const election = new LeaderElection({
      server: counted,
      namespace: 'system',
      name: 'lease',
      identity,
      pace: PACE,
      clock,
      random: () => 0,
      changed: (isLeader) => told.push(isLeader),
      failed: (message) => failures.push(message),
    });
    all.push(election);
    election.start();
    return { election, told, failures };
  }

  /** Lets time pass, but none while a request is under way, until something is so. */
  const until = (isSo: () => boolean): Promise<void> =>
    expect
      .poll(() => {
        const so = isSo();
        if (!so && underWay === 0) clock.pass(500);
        return so;
      }, POLL)
      .toBe(true);
  /** Lets time pass, what is asked meanwhile being answered. */
  async function pass(ms: number): Promise<void> {
    const end = clock.now() + ms;
    await until(() => clock.now() >= end);
  }

  const lease = (api: ScriptedApiServer) => api.store.get('coordination.k8s.io/leases', 'system', 'lease');

  it('makes one of several replicas the leader, who stays it', async () => {
    const api = await begin();
    const replicas = ['a', 'b', 'c'].map((name) => replica(api, name));
    await until(() => replicas.some(({ election }) => election.isLeader));
    await pass(PACE.leaseDuration * 2);
    expect(replicas.flatMap(({ told }) => told)).toEqual([true]);
    expect(lease(api)).toMatchObject({ spec: { leaseDurationSeconds: 15, leaseTransitions: 0 } });
  });

  it('hands over at once when the leader ends', async () => {
    const api = await begin();
    const first = replica(api, 'a');
    await until(() => first.election.isLeader);
    const second = replica(api, 'b');
    await first.election.stop();
    expect(first.told).toEqual([true, false]);
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
    await until(() => second.election.isLeader);
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: 'b', leaseTransitions: 1 } });
  });

  it('gives the Lease up also where the API server took a write whose answer did not come', async () => {
    const api = await begin();
    const client = api.client();
    let isCut = false;
    const cut: ApiServer = {
      ...client,
      // The write reaches the server, and its answer nobody.
      ask: async (request) => {
        if (!isCut || request.method !== 'PUT') return client.ask(request);
        const { signal, ...rest } = request;
        isCut = false;
        await client.ask(rest);
        // The election may have been stopped while the server took it.
        signal?.throwIfAborted();
        return new Promise<never>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('cut')));
        });
      },
    };
    const { election, told } = replica(api, 'a', cut);
    await until(() => told.length === 1);
    isCut = true;
    await until(() => !isCut);
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it("gives up no Lease that is another's by then", async () => {
    const api = await begin();
    const { election, told } = replica(api, 'a');
    await until(() => told.length === 1);
    const { metadata } = lease(api) ?? {};
    const spec = { holderIdentity: 'z', leaseDurationSeconds: 60, renewTime: 'now', leaseTransitions: 7 };
    api.store.put('coordination.k8s.io/leases', { metadata, spec });
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: 'z' } });
  });

  it('has no leader that cannot renew, and another only after that', async () => {
    const api = await begin();
    const lonely = api.client();
    let isCut = false;
    const first = replica(api, 'a', {
      ...lonely,
      ask: (request) => (isCut ? Promise.reject(new Error('cut')) : lonely.ask(request)),
    });
    await until(() => first.election.isLeader);
    const second = replica(api, 'b');
    isCut = true;
    const both: boolean[] = [];
    await until(() => {
      both.push(first.election.isLeader && second.election.isLeader);
      return second.election.isLeader;
    });
    expect(first.told).toEqual([true, false]);
    expect(both).not.toContain(true);
  });

  it('leads again after an outage that nobody else used', async () => {
    const api = await begin();
    const { told } = replica(api, 'a');
    await until(() => told.length === 1);
    await api.down();
    await until(() => told.length === 2);
    await api.up();
    await until(() => told.length === 3);
    expect(told).toEqual([true, false, true]);
  });

  it('gives way to a hand that writes another name into the Lease', async () => {
    const api = await begin();
    const { election } = replica(api, 'a');
    await until(() => election.isLeader);
    const { metadata } = lease(api) ?? {};
    const spec = { holderIdentity: 'z', leaseDurationSeconds: 60, renewTime: 'now', leaseTransitions: 7 };
    api.store.put('coordination.k8s.io/leases', { metadata, spec });
    await until(() => !election.isLeader);
  });

  it.each([429, 503])('asks a server that answers %i not before that says, leads on meanwhile', async (status) => {
    const api = await begin();
    const { told, failures } = replica(api, 'a');
    await until(() => told.length === 1);
    api.script.refuse = () => ({ status, retryAfter: 5 });
    await until(() => failures.length === 1);
    const asked = api.calls.length;
    // Twice it would have tried.
    clock.pass(4_500);
    expect(underWay).toBe(0);
    api.script.refuse = () => undefined;
    clock.pass(500);
    expect(underWay).toBe(1);
    await until(() => api.calls.length > asked + 3);
    expect(told).toEqual([true]);
  });

  it('leads no more where the server says to come too late, and leads again then', async () => {
    const api = await begin();
    const { told, failures } = replica(api, 'a');
    await until(() => told.length === 1);
    api.script.refuse = () => ({ status: 429, retryAfter: 30 });
    await until(() => failures.length === 1);
    clock.pass(PACE.renewDeadline);
    expect(told).toEqual([true, false]);
    expect(underWay).toBe(0);
    api.script.refuse = () => undefined;
    await until(() => told.length === 3);
    expect(told).toEqual([true, false, true]);
  });

  it('gives up a Lease that is its own when it ends, though it does not lead any more', async () => {
    const api = await begin();
    const { election, told, failures } = replica(api, 'a');
    await until(() => told.length === 1);
    api.script.refuse = () => ({ status: 429, retryAfter: 30 });
    await until(() => failures.length === 1);
    clock.pass(PACE.renewDeadline);
    expect(election.isLeader).toBe(false);
    api.script.refuse = () => undefined;
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('gives up at its deadline where the answer of a slow server is still under way, and does not lead for one that is too late', async () => {
    const api = await begin();
    const client = api.client();
    const held: (() => void)[] = [];
    let isSlow = false;
    const slow: ApiServer = {
      ...client,
      ask: async (request) => {
        const answer = await client.ask(request);
        if (isSlow) await new Promise<void>((resolve) => held.push(resolve));
        return answer;
      },
    };
    const { election, told } = replica(api, 'a', slow);
    await until(() => told.length === 1);
    isSlow = true;
    await until(() => held.length === 1);
    clock.pass(PACE.renewDeadline);
    expect(told).toEqual([true, false]);
    isSlow = false;
    for (const answer of held.splice(0)) answer();
    await expect.poll(() => underWay, POLL).toBe(0);
    expect(told).toEqual([true, false]);
    await until(() => election.isLeader);
    expect(told).toEqual([true, false, true]);
    await election.stop();
    expect(lease(api)).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('leads on where every answer is late, but in time', async () => {
    const api = await begin();
    const client = api.client();
    let renewals = 0;
    const late: ApiServer = {
      ...client,
      ask: async (request) => {
        const answer = await client.ask(request);
        clock.pass(3_000);
        renewals += 1;
        return answer;
      },
    };
    const { told } = replica(api, 'a', late);
    await until(() => renewals > 10);
    expect(told).toEqual([true]);
  });
});
