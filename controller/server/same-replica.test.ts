import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../runtime/testing/manual-clock.ts';
import { SameReplica } from './same-replica.ts';

const POD = 'web-x2x4z/one';
/** Of the same name, and perhaps the same address, made after it. */
const NEXT = 'web-x2x4z/two';

function watched() {
  const clock = manualClock();
  const parted: string[] = [];
  return { clock, parted, same: new SameReplica(clock, (half, pod) => parted.push(`${half} ${pod}`)) };
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
    same.connected('sidecar', NEXT, new Socket());
    same.connected('envoy', NEXT, new Socket());
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

  /** How long the Envoy of a pod stays whose sidecar is here for so long, again and again. */
  function stays(together: number): readonly number[] {
    const { clock, same } = watched();
    return [1, 2, 3].map(() => {
      const connection = new Socket();
      const gone = same.connected('envoy', POD, connection);
      const left = same.connected('sidecar', POD, new Socket());
      clock.pass(together);
      left();
      const began = clock.now();
      for (let second = 0; second < 600 && !connection.destroyed; second += 1) clock.pass(1_000);
      gone();
      return clock.now() - began;
    });
  }

  it('are made to come again ever later also where they meet for a moment each time', () => {
    expect(stays(30_000)).toEqual([5_000, 10_000, 20_000]);
  });

  it('are made to come again as soon as the first time once they have been together for a while', () => {
    expect(stays(60_000)).toEqual([5_000, 5_000, 5_000]);
  });

  it('are left alone for five minutes at most where they never meet', () => {
    const { clock, parted, same } = watched();
    for (let times = 0; times < 2_000; times += 1) {
      const gone = same.connected('sidecar', POD, new Socket());
      clock.pass(300_000);
      gone();
    }
    expect(parted.length).toBe(2_000);
  });

  it('are not those of a pod that was there before with the same name', () => {
    const { clock, parted, same } = watched();
    same.connected('sidecar', POD, new Socket());
    same.connected('envoy', NEXT, new Socket());
    clock.pass(10_000);
    expect(parted).toEqual([`envoy ${NEXT}`, `sidecar ${POD}`]);
  });

  it('stay while both are here, whoever else says that it is their pod', () => {
    const { clock, parted, same } = watched();
    same.connected('envoy', POD, new Socket());
    same.connected('sidecar', POD, new Socket());
    for (const half of ['envoy', 'sidecar'] as const) {
      const gone = same.connected(half, POD, new Socket());
      clock.pass(20_000);
      gone();
      clock.pass(20_000);
    }
    expect(parted).toEqual([]);
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
