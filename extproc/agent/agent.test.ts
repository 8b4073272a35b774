import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { captureLog } from '../testing/log-capture.ts';
import { type AgentConnection, type ModuleController, moduleController } from '../testing/module-controller.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { startAgent } from './agent.ts';
import { UnknownKeys } from './unknown-keys.ts';
import { MAX_CHUNK_SIZE, MAX_MODULE_SIZE } from './module-name.ts';

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const fileOf = (bytes: Uint8Array): string => `${digestOf(bytes).replace(':', '-')}.wasm`;

const WASM = Buffer.from('\0asm module one');
const OTHER = Buffer.from('\0asm module two');
/** No test waits for a controller to come back. */
const AT_ONCE = { first: 1, most: 1 };

interface Agent {
  readonly controller: ModuleController;
  readonly socket: string;
  readonly modules: string;
  readonly unknownKeys: UnknownKeys;
}

/** Starts an agent on a folder that holds these files already, and a controller for it. */
async function agent(files: Readonly<Record<string, Uint8Array>> = {}): Promise<Agent> {
  const folder = await tempFolder();
  const modules = join(folder, 'modules');
  await mkdir(modules);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(modules, name), bytes);
  const socket = join(folder, 'c.sock');
  const controller = await moduleController(socket);
  const states: bigint[] = [];
  const onState = ({ version }: { readonly version: bigint }): void => void states.push(version);
  const unknownKeys = new UnknownKeys();
  const running = startAgent({
    controller: { kind: 'socket', path: socket },
    folder: modules,
    onState,
    unknownKeys,
    log: captureLog().log,
    backOff: AT_ONCE,
  });
  onTestFinished(() => running.stop());
  return { controller, socket, modules, unknownKeys };
}

/** Gives the digests of the inventory, which has to be the first message. */
async function inventory(connection: AgentConnection): Promise<readonly string[]> {
  const first = await connection.next();
  if (first.case !== 'inventory') throw new Error(`the first message is ${first.case}`);
  return first.value.modules.map(({ digest }) => digest);
}

async function connected(files?: Readonly<Record<string, Uint8Array>>): Promise<Agent & { agent: AgentConnection }> {
  const started = await agent(files);
  const connection = await started.controller.connection();
  await inventory(connection);
  return { ...started, agent: connection };
}

function sendModule(
  connection: AgentConnection,
  bytes: Uint8Array,
  { digest = digestOf(bytes), size = bytes.length, piece = 5 } = {},
): void {
  for (let at = 0; at < bytes.length; at += piece) {
    const data = Uint8Array.from(bytes.subarray(at, at + piece));
    connection.send({ kind: { case: 'chunk', value: { digest, size: BigInt(size), data } } });
  }
}

/** A way to a socket that stays open and silent from some moment on, as that to a machine that has lost its power. */
async function silencedWay(to: string, at: string): Promise<{ readonly silence: () => void }> {
  const sockets: Socket[] = [];
  let isSilent = false;
  const server = createServer((near) => {
    if (isSilent) {
      near.destroy();
      return;
    }
    const far = createConnection(to);
    sockets.push(near, far);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other, { end: false }).on('error', () => undefined);
    }
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    silence: () => {
      isSilent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}

describe('a controller that is silent', () => {
  test('although the connection is there is left, so that another is found', async () => {
    const folder = await tempFolder();
    const [socket, way] = [join(folder, 'c.sock'), join(folder, 'w.sock')];
    const controller = await moduleController(socket);
    const { silence } = await silencedWay(socket, way);
    const { log, lines } = captureLog();
    const running = startAgent({
      controller: { kind: 'socket', path: way },
      folder: join(folder, 'modules'),
      onState: () => undefined,
      unknownKeys: new UnknownKeys(),
      log,
      backOff: AT_ONCE,
      alive: { every: 50, within: 200 },
    });
    onTestFinished(() => running.stop());
    await inventory(await controller.connection());
    silence();
    await expect.poll(() => JSON.stringify(lines), { timeout: 60_000 }).toContain('no connection to the controller');
  });

  test('because it has nothing to say is not left', async () => {
    const folder = await tempFolder();
    const controller = await moduleController(join(folder, 'c.sock'));
    const { log, lines } = captureLog();
    const running = startAgent({
      controller: { kind: 'socket', path: join(folder, 'c.sock') },
      folder: join(folder, 'modules'),
      onState: () => undefined,
      unknownKeys: new UnknownKeys(),
      log,
      backOff: AT_ONCE,
      alive: { every: 20, within: 10_000 },
    });
    onTestFinished(() => running.stop());
    const connection = await controller.connection();
    await inventory(connection);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(JSON.stringify(lines)).not.toContain('no connection');
  });
});

describe('a module that comes', () => {
  test('is stored under its digest, readable by the group, and reported with its absolute path', async () => {
    const { agent: connection, modules } = await connected();
    sendModule(connection, WASM);
    const path = join(modules, fileOf(WASM));
    expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(WASM), path } });
    expect(await readFile(path)).toEqual(WASM);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(modules)).toEqual([fileOf(WASM)]);
  });

  test('of some megabytes is stored', async () => {
    const { agent: connection } = await connected();
    const large = Buffer.alloc(3 * MAX_CHUNK_SIZE + 17, 'w');
    sendModule(connection, large, { piece: MAX_CHUNK_SIZE });
    expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(large) } });
  });

  test('a second time is stored again', async () => {
    const { agent: connection, modules } = await connected({ [fileOf(WASM)]: WASM });
    sendModule(connection, WASM);
    expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(WASM) } });
    expect(await readdir(modules)).toEqual([fileOf(WASM)]);
  });

  const zeros = `sha256:${'0'.repeat(64)}`;
  test.each([
    ['has another digest', { digest: zeros }, zeros, `the bytes have digest ${digestOf(WASM)}`],
    ['is larger than it said', { size: 12 }, digestOf(WASM), 'the pieces have more than the 12 bytes announced'],
    ['says it is too large', { size: MAX_MODULE_SIZE + 1 }, digestOf(WASM), 'accepted are 67108864'],
    ['says it is empty', { size: 0, piece: 100 }, digestOf(WASM), 'the size is 0'],
    ['has no digest', { digest: 'sha256:../x' }, 'sha256:../x', 'the digest is not'],
  ])('and %s is rejected once, and the next one is stored', async (_, options, digest, reason) => {
    const { agent: connection, modules } = await connected();
    sendModule(connection, WASM, options);
    expect(await connection.next()).toMatchObject({
      case: 'rejected',
      value: { digest, reason: expect.stringContaining(reason) },
    });
    sendModule(connection, OTHER);
    expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(OTHER) } });
    expect(await readdir(modules)).toEqual([fileOf(OTHER)]);
  });

  test('in a piece of more than 1 MiB is rejected', async () => {
    const { agent: connection } = await connected();
    const large = Buffer.alloc(MAX_CHUNK_SIZE + 1);
    sendModule(connection, large, { piece: large.length });
    expect(await connection.next()).toMatchObject({
      case: 'rejected',
      value: { reason: 'a piece has 1048577 bytes; accepted are 1048576' },
    });
  });

  test('and changes its size under way is rejected', async () => {
    const { agent: connection } = await connected();
    const digest = digestOf(WASM);
    connection.send({ kind: { case: 'chunk', value: { digest, size: 100n, data: Buffer.from('a') } } });
    connection.send({ kind: { case: 'chunk', value: { digest, size: 101n, data: Buffer.from('b') } } });
    expect(await connection.next()).toMatchObject({
      case: 'rejected',
      value: { digest, reason: 'the size is 101 bytes in one piece and 100 in another' },
    });
  });

  test('and is interrupted by another is rejected; the other is stored', async () => {
    const { agent: connection, modules } = await connected();
    sendModule(connection, WASM.subarray(0, 5), { digest: digestOf(WASM), size: WASM.length });
    sendModule(connection, OTHER);
    expect(await connection.next()).toMatchObject({
      case: 'rejected',
      value: { digest: digestOf(WASM), reason: expect.stringContaining('after 5 of 15 bytes') },
    });
    expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(OTHER) } });
    expect(await readdir(modules)).toEqual([fileOf(OTHER)]);
  });

  test('and whose connection breaks leaves nothing, and is taken from its beginning afterwards', async () => {
    const { agent: first, controller, modules } = await connected();
    sendModule(first, WASM.subarray(0, 5), { digest: digestOf(WASM), size: WASM.length });
    first.close();
    const second = await controller.connection();
    expect(await inventory(second)).toEqual([]);
    expect(await readdir(modules)).toEqual([]);
    sendModule(second, WASM);
    expect(await second.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(WASM) } });
  });
});

describe('the inventory', () => {
  test('is the modules on disk; damaged and partial files are deleted, others are left alone', async () => {
    const { controller, modules } = await agent({
      [fileOf(WASM)]: WASM,
      [fileOf(OTHER)]: Buffer.from('damaged'),
      [`.${fileOf(OTHER).replace('.wasm', '')}.0123456789abcdef.partial`]: OTHER,
      'notes.txt': Buffer.from('mine'),
    });
    expect(await inventory(await controller.connection())).toEqual([digestOf(WASM)]);
    expect(await readdir(modules)).toEqual(['notes.txt', fileOf(WASM)].sort());
  });

  test('is sent anew to a controller that comes back', async () => {
    const { agent: first, controller, socket, modules } = await connected();
    sendModule(first, WASM);
    await first.next();
    await controller.stop();
    const again = await moduleController(socket);
    expect(await inventory(await again.connection())).toEqual([digestOf(WASM)]);
    // A file that was changed while the controller was away is found out.
    await again.stop();
    await writeFile(join(modules, fileOf(WASM)), 'changed behind our back');
    const third = await moduleController(socket);
    expect(await inventory(await third.connection())).toEqual([]);
  });
});

test('retain deletes the other modules, and nothing else', async () => {
  const { agent: connection, modules } = await connected({ [fileOf(WASM)]: WASM, 'notes.txt': Buffer.from('mine') });
  sendModule(connection, OTHER);
  await connection.next();
  connection.send({ kind: { case: 'retain', value: { digests: [digestOf(OTHER)] } } });
  // Messages are handled in order: when this one is answered, the one before is done.
  const last = Buffer.from('\0asm last');
  sendModule(connection, last);
  expect(await connection.next()).toMatchObject({ case: 'ready', value: { digest: digestOf(last) } });
  expect(await readdir(modules)).toEqual(['notes.txt', fileOf(OTHER), fileOf(last)].sort());
});

test('a message that is none ends the session, and the next one begins with the inventory', async () => {
  const { agent: first, controller } = await connected();
  // A kind of a later version is passed over.
  first.send({});
  sendModule(first, WASM);
  expect(await first.next()).toMatchObject({ case: 'ready' });
  first.close();
  expect(await inventory(await controller.connection())).toEqual([digestOf(WASM)]);
});

test('a report of an unknown key reaches the controller', async () => {
  const { agent: connection, unknownKeys } = await connected();
  unknownKeys.report('set-1');
  const message = await connection.next();
  expect(message).toMatchObject({ case: 'unknownKey', value: { keySet: 'set-1' } });
});
