/** A real registry (CNCF distribution) in a process of its own, on a port of this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findRegistry } from '#deploy/setup/registry.ts';
import { freePort, until } from '../process/sluice.ts';

/** Whether there is a registry; in CI there must be one, and tests are to fail without. */
export const REGISTRY_IS_THERE = findRegistry(process.env) !== undefined || process.env['CI'] === 'true';

/** Who may use a registry that is not for everybody. */
export const ALICE = { username: 'alice', password: 's3cret' } as const;
/** The password, by bcrypt: the registry takes no other. */
const HTPASSWD = 'alice:$2a$04$VNem35AhrZXUr0m.y0JTXuOmDoiiHgpy7uAlhJI4y8pVwFxL1VWxm\n';

/** A registry at work. */
export interface RealRegistry {
  /** "127.0.0.1:<port>" */
  readonly host: string;
  /** Its base URL. */
  readonly url: string;
  stop(): Promise<void>;
}

/** What a registry is to be. */
export interface RegistryKind {
  /** Only Alice may use it. */
  readonly isPrivate?: boolean;
  /** It is there for everybody, not on loopback alone. */
  readonly isOpen?: boolean;
  /** It is spoken to by HTTPS, with this certificate and its key, in PEM. */
  readonly identity?: { readonly certificate: string; readonly key: string };
}

/** Starts a registry that keeps everything in memory. */
export async function startRegistry({
  isPrivate = false,
  isOpen = false,
  identity,
}: RegistryKind = {}): Promise<RealRegistry> {
  const binary = findRegistry(process.env);
  if (binary === undefined) throw new Error('there is no registry: `npm test` builds it');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  writeFileSync(join(folder, 'htpasswd'), HTPASSWD);
  const [certificate, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  if (identity !== undefined) {
    writeFileSync(certificate, identity.certificate);
    writeFileSync(key, identity.key, { mode: 0o600 });
  }
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { inmemory: {}, delete: { enabled: true } },
    http: {
      addr: isOpen ? `0.0.0.0:${port}` : host,
      secret: 'of the tests',
      ...(identity === undefined ? {} : { tls: { certificate, key } }),
    },
    ...(isPrivate ? { auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } } } : {}),
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(binary, ['serve', join(folder, 'config.yaml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  const said = text(child.stderr);
  const url = `http://${host}`;
  // Whoever speaks plainly to one by HTTPS is answered 400.
  const first = identity === undefined ? (isPrivate ? 401 : 200) : 400;
  await until('the registry answers', async () => {
    if (child.exitCode !== null) throw new Error(`the registry ended: ${await said}`);
    return fetch(`${url}/v2/`).then(
      ({ status }) => status === first,
      () => false,
    );
  });
  return {
    host,
    url,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
