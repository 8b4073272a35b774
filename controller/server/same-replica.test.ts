import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../runtime/testing/manual-clock.ts';
import { SameReplica } from './same-replica.ts';

const POD = '10.0.0.7';

function watched() {
  const clock = manualClock();
  const parted: string[] = [];
  return { clock, parted, same: new SameReplica(clock, (half, address) => parted.push(`${half} ${address}`)) };
}

describe('the Envoy and the sidecar of a pod', () => {
  it('stay while both are here, whichever came first', () => {
    const { clock, parted, same } = watched();
    const all = [new Socket(), new Socket(), new Socket()] as const;
    same.connected('envoy', POD, all[0]);
    clock.pass(4_000);
    same.connected('sidecar', POD, all[1]);
    same.connected('envoy', POD, all[2]);
    clock.pass(1_000_000);
    expect([all.some(({ destroyed }) => destroyed), parted]).toEqual([false, []]);
  });

  it.each([
    ['envoy', 5_000],
    ['sidecar', 10_000],
  ] as const)('are made to come again where only one is here: the %s after %i ms, and ever later', (half, patience) => {
    const { clock, parted, same } = watched();
    same.connected('sidecar', '10.0.0.8', new Socket());
    same.connected('envoy', '10.0.0.8', new Socket());
    for (const ms of [patience, patience * 2, patience * 4]) {
      const connection = new Socket();
      const gone = same.connected(half, POD, connection);
      clock.pass(ms - 1);
      expect(connection.destroyed).toBe(false);
      clock.pass(1);
      expect(connection.destroyed).toBe(true);
      gone();
    }
    expect(parted).toEqual([`${half} ${POD}`, `${half} ${POD}`, `${half} ${POD}`]);
  });

  it('are made to come again when one has gone elsewhere, and as soon the next time', () => {
    const { clock, same } = watched();
    for (let times = 0; times < 2; times += 1) {
      const connection = new Socket();
      const gone = same.connected('envoy', POD, connection);
      same.connected('sidecar', POD, new Socket())();
      clock.pass(5_000);
      gone();
      expect(connection.destroyed).toBe(true);
    }
  });

  it('that are gone are waited for no more, and nothing is after the end', () => {
    const { clock, parted, same } = watched();
    same.connected('envoy', POD, new Socket())();
    same.connected('envoy', POD, new Socket());
    const left = same.connected('sidecar', POD, new Socket());
    same.close();
    left();
    clock.pass(1_000_000);
    expect(parted).toEqual([]);
  });
});
