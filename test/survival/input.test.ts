import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, get, Site, until } from '../process/sluice.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';
import { selfSigned } from '../seeds/self-signed.ts';

let echo: EchoBackEnd;
let site: Site;
let port: number;
let tlsPort: number;

beforeAll(async () => {
  echo = await startEchoBackEnd('echo');
  port = await freePort();
  tlsPort = await freePort();
  site = await Site.make({
    'gateway.yaml': CLASS + gateway('shop', port),
    'good.yaml': route('good', 'shop', '/good', echo.port),
  });
  await site.start();
});
afterAll(async () => {
  await site.destroy();
  await echo.stop();
});

/** Whether a change that comes after is live: what came before has been read by then. */
let changes = 0;
async function takesChanges(): Promise<void> {
  const path = `/change-${changes++}`;
  site.write('later.yaml', route('later', 'shop', path, echo.port));
  await until(`${path} serves`, async () => (await get(port, path)) === 200);
  expect(await get(port, '/good')).toBe(200);
}

/** Waits for a line of the log with this text: what is wrong is told. */
async function isTold(text: RegExp): Promise<void> {
  await until(`${String(text)} is logged`, () =>
    site.log().some(({ msg }) => typeof msg === 'string' && text.test(msg)),
  );
}

describe('a controller at work', () => {
  it('survives a YAML bomb', async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? '"lol"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
    });
    site.write('bomb.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\n${levels.join('\n')}\n`);
    await isTold(/bomb\.yaml/u);
    await takesChanges();
    site.remove('bomb.yaml');
  });

  it('survives a file of 50 MB', async () => {
    site.write('large.yaml', `# ${'x'.repeat(50 * 1024 * 1024)}\n`);
    await isTold(/large\.yaml.*at most/u);
    await takesChanges();
    site.remove('large.yaml');
  });

  it('survives a symbolic link in a circle', async () => {
    const folder = join(site.manifests, 'circle');
    mkdirSync(folder);
    symlinkSync(site.manifests, join(folder, 'again'));
    symlinkSync(join(folder, 'self.yaml'), join(folder, 'self.yaml'));
    await takesChanges();
  });

  it('serves the first of two objects of one name, closes what the second is for, and tells of it', async () => {
    site.write('zz-second.yaml', route('good', 'shop', '/elsewhere', echo.port));
    await isTold(/zz-second\.yaml.*is declared before in .*good\.yaml/u);
    await takesChanges();
    expect(await get(port, '/elsewhere')).toBe(500);
    site.remove('zz-second.yaml');
    await until('/elsewhere is nobody’s', async () => (await get(port, '/elsewhere')) === 404);
  });

  it('survives 10,000 documents in one file', async () => {
    const documents = Array.from(
      { length: 10_000 },
      (_, index) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: map-${index} }\ndata: { key: value }\n`,
    );
    site.write('many.yaml', [...documents, route('many', 'shop', '/many', echo.port).slice(4)].join('---\n'));
    await until('/many serves', async () => (await get(port, '/many')) === 200);
    await takesChanges();
    site.remove('many.yaml');
    await until('/many is gone', async () => (await get(port, '/many')) === 404);
  });

  it('keeps the last good objects of a file that is half written, until it is whole', async () => {
    const whole = route('good', 'shop', '/good', echo.port) + route('half', 'shop', '/half', echo.port);
    writeFileSync(join(site.manifests, 'good.yaml'), whole.slice(0, whole.indexOf('/half')));
    await takesChanges();
    writeFileSync(join(site.manifests, 'good.yaml'), whole);
    await until('/half serves', async () => (await get(port, '/half')) === 200);
    expect(await get(port, '/good')).toBe(200);
  });

  it('does not serve a certificate with the key of another, and tells whose it is; the rest goes on', async () => {
    const [one, other] = [selfSigned('one.test'), selfSigned('other.test')];
    const secret = (pair: object) =>
      `---\n${JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'pair' },
        type: 'kubernetes.io/tls',
        stringData: pair,
      })}\n`;
    const listener = `{ name: https, protocol: HTTPS, port: ${tlsPort}, tls: { certificateRefs: [{ name: pair }] } }`;
    const secure = gateway('secure', tlsPort).replace(/listeners: .*/u, `listeners: [${listener}]`);
    site.write('secure.yaml', secure + secret({ ...one, 'tls.key': other['tls.key'] }));
    await until('it is told', async () =>
      (await site.listener('secure', 'https')).includes('Secret default/pair: tls.key is not the key of tls.crt'),
    );
    expect(await site.listener('secure', 'https')).not.toContain('PRIVATE KEY');
    await takesChanges();
    site.write('secure.yaml', secure + secret(one));
    await until('it is served', async () => (await get(tlsPort, '/')) !== 'connect ECONNREFUSED');
    await until('it is programmed', async () =>
      (await site.listener('secure', 'https')).includes('Programmed=True (Programmed)'),
    );
  });
});
