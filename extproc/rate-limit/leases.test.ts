import { createHash } from 'node:crypto';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { expect, onTestFinished, test } from 'vitest';
import { type MessageTypes, schema } from '#proto/load.ts';
import { captureLog } from '../testing/log-capture.ts';
import { type CountIn, Leases, Unanswerable } from './leases.ts';

type Question = MessageInitShape<GenMessage<MessageTypes['sluice.sidecar.v1.LeaseRequest']>>;

function encoded(more: Question = {}): Uint8Array {
  const type = schema('sluice.sidecar.v1.LeaseRequest');
  const counter = Uint8Array.from(createHash('sha256').update('counter').digest());
  const question = { counter, echo: Uint8Array.of(1, 2), limit: 10, window: 3600, wanted: 2, needed: 1, ...more };
  return toBinary(type, create(type, question));
}

function leases(where?: CountIn) {
  const log = captureLog();
  const made = new Leases(log.log);
  if (where !== undefined) made.countIn(where);
  onTestFinished(() => made.close());
  const ask = async (more?: Question) =>
    fromBinary(schema('sluice.sidecar.v1.LeaseResponse'), await made.answer(encoded(more)));
  return { made, ask, lines: log.lines };
}

test('a lease is answered with what was echoed and the end of the window in nanoseconds', async () => {
  const { ask } = leases({ kind: 'memory' });
  const hour = 3_600_000;
  const end = BigInt(Math.floor(Date.now() / hour) * hour + hour) * 1_000_000n;
  expect(await ask()).toMatchObject({ echo: Uint8Array.of(1, 2), granted: 2, remaining: 8, end });
});

test('a question is no question without a counter or a window', async () => {
  const { ask, made } = leases({ kind: 'memory' });
  await expect(ask({ counter: Uint8Array.of(1) })).rejects.toThrow('no counter');
  await expect(ask({ window: 0 })).rejects.toThrow('no counter');
  await expect(made.answer(Uint8Array.of(0xff))).rejects.toThrow('premature EOF');
});

test('nothing is granted before it is known where to count, and who asks waits for that', async () => {
  const { made, ask } = leases();
  const answer = ask();
  made.countIn({ kind: 'memory' });
  expect(await answer).toMatchObject({ granted: 2 });
});

test('who asks does not wait for ever', async () => {
  await expect(leases().ask()).rejects.toThrow(Unanswerable);
});

test('being told the same again loses no count; another place begins anew', async () => {
  const { made, ask } = leases({ kind: 'memory' });
  await ask();
  made.countIn({ kind: 'memory' });
  expect(await ask()).toMatchObject({ remaining: 6 });
});

test('without Redis nothing is counted in memory; the log says so once, without the password', async () => {
  const { ask, lines } = leases({ kind: 'redis', url: 'redis://:hidden-word@127.0.0.1:1' });
  for (let i = 0; i < 5; i++) await expect(ask()).rejects.toThrow(Unanswerable);
  expect(lines.filter((line) => line.includes('cannot be counted') && line.includes('"err"'))).toHaveLength(1);
  expect(lines.join('\n')).not.toContain('hidden-word');
});
