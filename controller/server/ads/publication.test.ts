import { describe, expect, it } from 'vitest';
import { manualClock } from '../../runtime/testing/manual-clock.ts';
import { EMPTY_SNAPSHOT, xdsResource, type XdsSnapshot } from '../../xds/snapshot.ts';
import { typeOfUrl, typeUrl, type XdsType } from '../../xds/types.ts';
import { Publication } from './publication.ts';
import { SESSION_TIMES } from './session.ts';

const resources = (type: XdsType, name: string) => new Map([[name, xdsResource(type, name, Buffer.from('1'))]]);

/** A listener with its routes, and the module that they need. */
const WORLD: XdsSnapshot = {
  ...EMPTY_SNAPSHOT,
  listener: resources('listener', 'l'),
  route: resources('route', 'r'),
  'extension-config': resources('extension-config', 'policy'),
};

const ASKED = { listener: [], 'extension-config': ['policy'], route: ['r'] } as const;

function published() {
  const clock = manualClock();
  const publication = new Publication({ rejected: () => undefined, settled: () => undefined });
  publication.publish(WORLD);
  /** A client that has just started, and takes what it is sent whenever it is told to. */
  const begin = () => {
    const order: XdsType[] = [];
    const waiting: (() => void)[] = [];
    const session = publication.connect({
      clock,
      send: ({ typeUrl: url, nonce }) => {
        const type = typeOfUrl(url);
        if (type !== undefined && type !== 'cluster') order.push(type);
        waiting.push(() => session.receive({ ...NOTHING, typeUrl: url, nonce }));
      },
    });
    const take = (): void => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) one();
    };
    session.receive({ ...NOTHING, typeUrl: typeUrl('cluster') });
    for (const type of ['listener', 'extension-config', 'route'] as const) {
      session.receive({ ...NOTHING, typeUrl: typeUrl(type), subscribe: ASKED[type] });
      take();
    }
    take();
    return { order, take };
  };
  return { clock, publication, begin };
}

const NOTHING = { nonce: '', error: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map() } as const;

describe('a publication', () => {
  it('gives the only client its routes first, and one beside it its modules: the other serves meanwhile', () => {
    const { begin } = published();
    expect(begin().order).toEqual(['listener', 'route', 'extension-config']);
    expect(begin().order).toEqual(['listener', 'extension-config', 'route']);
  });

  it('is clean when every client has all of it, and what went has gone', () => {
    const { clock, publication, begin } = published();
    const one = begin();
    begin();
    clock.pass(SESSION_TIMES.drain);
    expect(publication.isClean).toBe(true);
    publication.publish({ ...WORLD, route: resources('route', 'r'), listener: resources('listener', 'other') });
    for (let times = 0; times < 4; times += 1) one.take();
    clock.pass(SESSION_TIMES.drain);
    one.take();
    expect(publication.isClean).toBe(false);
  });

  it('tells what any client that is connected warms for too long, and forgets it with the client', () => {
    const clock = manualClock();
    const told: (readonly string[])[] = [];
    const publication = new Publication({
      rejected: () => undefined,
      settled: () => undefined,
      warming: (clusters) => told.push([...clusters].toSorted()),
    });
    publication.publish({ ...EMPTY_SNAPSHOT, cluster: resources('cluster', 'slow') });
    const connect = () => {
      const session = publication.connect({ clock, send: () => undefined });
      session.receive({ ...NOTHING, typeUrl: typeUrl('cluster') });
      return session;
    };
    const [one, other] = [connect(), connect()];
    clock.pass(SESSION_TIMES.makeDeadline);
    expect(told).toEqual([['slow']]);
    publication.disconnect(one);
    expect(told).toEqual([['slow']]);
    publication.disconnect(other);
    expect(told).toEqual([['slow'], []]);
  });

  it('brings every client to what was published last, also where what one tells has led to that', () => {
    const later = { ...EMPTY_SNAPSHOT, listener: new Map([['l', xdsResource('listener', 'l', Buffer.from('2'))]]) };
    const clock = manualClock();
    let leadsOn = false;
    const publication: Publication = new Publication({
      rejected: () => undefined,
      settled: () => {
        if (!leadsOn) return;
        leadsOn = false;
        publication.publish(later);
      },
    });
    publication.publish({ ...EMPTY_SNAPSHOT, listener: WORLD.listener });
    const answers: (() => void)[] = [];
    for (let client = 0; client < 2; client += 1) {
      const session = publication.connect({
        clock,
        send: ({ typeUrl: url, nonce }) => {
          answers.push(() => session.receive({ ...NOTHING, typeUrl: url, nonce }));
        },
      });
      session.receive({ ...NOTHING, typeUrl: typeUrl('listener') });
    }
    const answer = (): void => {
      for (let one = answers.shift(); one !== undefined; one = answers.shift()) one();
    };
    answer();
    leadsOn = true;
    publication.publish({ ...EMPTY_SNAPSHOT, listener: WORLD.listener });
    answer();
    expect(publication.snapshot).toBe(later);
    for (const listener of later.listener.values()) expect(publication.acknowledged('listener', listener)).toBe(true);
  });
});
