import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../runtime/testing/manual-clock.ts';
import { SameReplica } from './same-replica.ts';

const POD = '10.0.0.7';

function watched() {
  const clock = manualClock();
  const parted: string[] = [];
  return { clock, parted, same: new SameReplica(clock, (address) => parted.push(address)) };
}

describe('an Envoy', () => {
  it('stays while its sidecar is here, whichever came first', () => {
    const { clock, parted, same } = watched();
    const [early, late] = [new Socket(), new Socket()];
    same.envoy(POD, early);
    clock.pass(4_000);
    same.agent(POD);
    same.envoy(POD, late);
    clock.pass(1_000_000);
    expect([early.destroyed, late.destroyed, parted]).toEqual([false, false, []]);
  });

  it('is made to come again when its sidecar is not here, ever later', () => {
    const { clock, parted, same } = watched();
    same.agent('10.0.0.8');
    for (const patience of [5_000, 10_000, 20_000]) {
      const connection = new Socket();
      const gone = same.envoy(POD, connection);
      clock.pass(patience - 1);
      expect(connection.destroyed).toBe(false);
      clock.pass(1);
      expect(connection.destroyed).toBe(true);
      gone();
    }
    expect(parted).toEqual([POD, POD, POD]);
  });

  it('is made to come again when its sidecar has gone elsewhere, and soon again the next time', () => {
    const { clock, parted, same } = watched();
    const connection = new Socket();
    const gone = same.envoy(POD, connection);
    same.agent(POD)();
    clock.pass(5_000);
    gone();
    expect([connection.destroyed, parted]).toEqual([true, [POD]]);
    const left = same.agent(POD);
    const again = new Socket();
    same.envoy(POD, again);
    left();
    clock.pass(5_000);
    expect(again.destroyed).toBe(true);
  });

  it('that is gone is waited for no more, and nothing is after the end', () => {
    const { clock, parted, same } = watched();
    same.envoy(POD, new Socket())();
    same.envoy(POD, new Socket());
    const left = same.agent(POD);
    same.close();
    left();
    clock.pass(1_000_000);
    expect(parted).toEqual([]);
  });
});
