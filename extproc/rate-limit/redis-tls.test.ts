import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Authority, issue, makeAuthority } from '#controller/pki/authority.ts';
import { schema } from '#proto/load.ts';
import { captureLog } from '../testing/log-capture.ts';
import type { LeaseQuestion } from './counter-store.ts';
import { type CountIn, Leases, Unanswerable } from './leases.ts';
import { type RedisAddress, RedisStore } from './redis-store.ts';
import { REDIS_IS_THERE, type RedisServer, startRedis } from './testing/redis-server.ts';

const PASSWORD = 'hidden-word';
const QUESTION: LeaseQuestion = {
  counter: createHash('sha256').update('tls').digest(),
  limit: 1_000_000,
  window: 31_536_000,
  wanted: 1,
  needed: 1,
};

let authority: Authority;
let stranger: Authority;
beforeAll(async () => {
  authority = await makeAuthority(Date.now());
  stranger = await makeAuthority(Date.now());
});

/** What a client shows, signed by an authority. */
async function shownBy(signer: Authority): Promise<{ readonly certificate: string; readonly key: string }> {
  return issue(signer, { kind: 'proxy', key: 'shop/web' }, Date.now());
}

function encoded(): Uint8Array {
  const type = schema('sluice.sidecar.v1.LeaseRequest');
  return toBinary(type, create(type, { ...QUESTION, counter: Uint8Array.from(QUESTION.counter) }));
}

describe.skipIf(!REDIS_IS_THERE)('a Redis that speaks TLS alone, and wants to be shown a certificate,', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    const server = await issue(authority, { kind: 'server', dnsNames: ['localhost'] }, Date.now());
    redis = await startRedis(PASSWORD, '127.0.0.1', { ...server, clients: authority.trusted });
  });
  afterAll(() => redis.stop());

  const store = (address: Omit<RedisAddress, 'url'>, url = redis.url) => {
    const log = captureLog();
    const made = new RedisStore({ url, ...address }, log.log);
    onTestFinished(() => made.close());
    const works = (): Promise<boolean> =>
      made.lease(QUESTION).then(
        () => true,
        () => false,
      );
    const refused = async (): Promise<string> => {
      await expect.poll(() => log.lines.join('\n')).toContain('no connection to Redis');
      expect(await works()).toBe(false);
      return log.lines.join('\n');
    };
    return { works, refused };
  };

  it('is counted in by who trusts its authority and shows a certificate, also by a URL that says nothing of TLS', async () => {
    const tls = await shownBy(authority);
    await expect.poll(store({ ca: authority.trusted, tls }).works).toBe(true);
    const plain = redis.url.replace('rediss:', 'redis:');
    await expect.poll(store({ ca: authority.trusted, tls }, plain).works).toBe(true);
  });

  it.each([
    ['does not trust its authority', () => ({ ca: stranger.trusted }), () => authority],
    ['trusts nobody but those whom everybody does', () => ({}), () => authority],
    ['shows a certificate of others', () => ({ ca: authority.trusted }), () => stranger],
  ])('is not counted in by who %s', async (_, trust, signer) => {
    const said = await store({ ...trust(), tls: await shownBy(signer()) }).refused();
    expect(said).not.toContain(PASSWORD);
  });

  it('is not counted in by who shows none, or asks for another name', async () => {
    await store({ ca: authority.trusted }).refused();
    const url = redis.url.replace('localhost', '127.0.0.1');
    const said = await store({ ca: authority.trusted, tls: await shownBy(authority) }, url).refused();
    expect(said).toMatch(/altnames|Hostname/u);
  });

  it('is counted in without a pause when the certificate, or who we say that we are, becomes another', async () => {
    const log = captureLog();
    const leases = new Leases(log.log);
    onTestFinished(() => leases.close());
    let users = 0;
    const where = async (): Promise<CountIn> => ({
      kind: 'redis',
      // The same user, said and not said.
      url: users++ % 2 === 0 ? redis.url : redis.url.replace('//:', '//default:'),
      ca: authority.trusted,
      tls: await shownBy(authority),
    });
    leases.countIn(await where());
    const works = (): Promise<boolean> =>
      leases.answer(encoded()).then(
        () => true,
        () => false,
      );
    await expect.poll(works).toBe(true);
    const connected = () => log.lines.filter((line) => line.includes('connected to Redis')).length;
    for (let rotation = 2; rotation < 5; rotation += 1) {
      leases.countIn(await where());
      while (connected() < rotation) expect(await works()).toBe(true);
      expect(await works()).toBe(true);
    }
  });

  it('is not counted in any more soon after nothing that it takes is shown', async () => {
    const leases = new Leases(captureLog().log);
    onTestFinished(() => leases.close());
    const where = { kind: 'redis', url: redis.url, ca: authority.trusted } as const;
    leases.countIn({ ...where, tls: await shownBy(authority) });
    const works = (): Promise<boolean> =>
      leases.answer(encoded()).then(
        () => true,
        () => false,
      );
    await expect.poll(works).toBe(true);
    leases.countIn({ ...where, tls: await shownBy(stranger) });
    await expect.poll(works, { timeout: 20_000 }).toBe(false);
  });
});

it('who has a certificate to show sends nothing in the clear, to whatever is there', async () => {
  const seen: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      seen.push(data);
      socket.end('-ERR\r\n');
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const tls = await shownBy(authority);
  const made = new RedisStore({ url: `redis://:${PASSWORD}@127.0.0.1:${port}`, tls }, captureLog().log);
  onTestFinished(() => made.close());
  await expect.poll(() => seen.length).toBeGreaterThan(2);
  // A handshake (RFC 8446, section 5.1).
  expect(seen.map((data) => data[0])).toEqual(seen.map(() => 22));
  expect(Buffer.concat(seen).includes(PASSWORD)).toBe(false);
});

it.each([
  ['a key that is none', 'redis://:hidden-word@127.0.0.1:1', { certificate: 'no certificate', key: 'no key' }],
  ['a URL that is none', 'http://:hidden-word@127.0.0.1:1', undefined],
  ['a password that cannot be read', 'redis://:hidden-word%@127.0.0.1:1', undefined],
])('with %s nothing is counted, and nothing of it is told', async (_, url, tls) => {
  const { log, lines } = captureLog();
  const leases = new Leases(log);
  onTestFinished(() => leases.close());
  leases.countIn({ kind: 'redis', url, ...(tls === undefined ? {} : { tls }) });
  await expect(leases.answer(encoded())).rejects.toThrow(Unanswerable);
  expect(lines.join('\n')).toContain('cannot be counted');
  expect(lines.join('\n')).not.toMatch(/hidden-word|no key/u);
});

it('where there is an impediment nothing is counted in memory, and it is told', async () => {
  const { log, lines } = captureLog();
  const leases = new Leases(log);
  leases.countIn({ kind: 'memory' });
  leases.countIn({ kind: 'nowhere', impediment: 'Secret a/b is not there' });
  await expect(leases.answer(encoded())).rejects.toThrow(Unanswerable);
  expect(lines.join('\n')).toContain('Secret a/b is not there');
  leases.countIn({ kind: 'memory' });
  await expect(leases.answer(encoded())).resolves.toBeDefined();
});
