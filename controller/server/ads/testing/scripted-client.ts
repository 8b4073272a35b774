import { manualClock } from '../../../runtime/testing/manual-clock.ts';
import { EMPTY_SNAPSHOT, type XdsSnapshot, xdsResource } from '../../../xds/snapshot.ts';
import { typeOfUrl, typeUrl, XDS_TYPES, type XdsType } from '../../../xds/types.ts';
import type { Rejection } from '../rejection.ts';
import { type ModuleOrder, Session, SESSION_TIMES, type SessionPorts } from '../session.ts';
import type { DeltaRequest, DeltaResponse } from '../wire.ts';

/** A snapshot from names, and contents where they matter: "a" or "a=2"; "a=2@file" is of a file. */
export function snapshot(resources: { readonly [T in XdsType]?: readonly string[] }): XdsSnapshot {
  const entries = XDS_TYPES.map((type) => [
    type,
    new Map(
      (resources[type] ?? []).map((text) => {
        const [what = '', file] = text.split('@');
        const [name = '', content = '1'] = what.split('=');
        const resource = xdsResource(type, name, Buffer.from(content));
        return [name, file === undefined ? resource : { ...resource, file }];
      }),
    ),
  ]);
  return { ...EMPTY_SNAPSHOT, ...Object.fromEntries(entries) };
}

/** A client that says what the test tells it to, and writes down what it is sent: "cluster +a -b". */
export function scripted(
  desired: XdsSnapshot,
  modules: ModuleOrder = 'last',
  more: Pick<SessionPorts, 'modules' | 'keeps'> = {},
) {
  const clock = manualClock();
  const sent: string[] = [];
  const nonces = new Map<XdsType, string>();
  const rejections: Rejection[] = [];
  const warming: (readonly string[])[] = [];
  let completed = 0;
  const ports: SessionPorts = {
    clock,
    send: (response: DeltaResponse) => {
      const type = typeOfUrl(response.typeUrl) ?? 'listener';
      nonces.set(type, response.nonce);
      const parts = [
        ...response.resources.map(({ name }) => `+${name}`),
        ...response.removed.map((name) => `-${name}`),
      ];
      sent.push([type, ...parts].join(' '));
    },
    rejected: (news) => rejections.push(...news),
    warming: () => {
      warming.push([...session.warming]);
    },
    settled: (refused) => (completed += refused.length === 0 ? 1 : 0),
    ...more,
  };
  const session = new Session(desired, ports, SESSION_TIMES, modules);
  const say = (type: XdsType, words: Partial<DeltaRequest> = {}): void =>
    session.receive({
      typeUrl: typeUrl(type),
      nonce: '',
      error: undefined,
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      ...words,
    });
  return {
    session,
    clock,
    rejections,
    warming,
    completed: () => completed,
    say,
    ack: (type: XdsType) => say(type, { nonce: nonces.get(type) ?? '' }),
    nack: (type: XdsType, error: string) => say(type, { nonce: nonces.get(type) ?? '', error }),
    /** What was sent since the last call. */
    sent: () => sent.splice(0),
  };
}

export type Scripted = ReturnType<typeof scripted>;

/** Brings a client to everything of its snapshot: one listener, one route, one cluster. */
export function settle(client: Scripted, cluster: string): void {
  client.say('cluster');
  client.say('endpoint', { subscribe: [cluster] });
  client.ack('endpoint');
  client.ack('cluster');
  client.say('listener');
  client.ack('listener');
  client.say('route', { subscribe: ['r'] });
  client.ack('route');
  client.clock.pass(SESSION_TIMES.drain);
  client.sent();
}
