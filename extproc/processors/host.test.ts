import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { extProcClient, headersSet, message, type TestStream } from '../testing/ext-proc-client.ts';
import { captureLog } from '../testing/log-capture.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { type HostStarted, startHost } from './host.ts';

/** What `sluice/extproc` stands for; main.test.ts imports it by that name. */
const API = new URL('../index.ts', import.meta.url).href;

/** The text of a module whose processor sets `x-from` to a word. */
function sets(word: string): string {
  return `import { continueWith, defineProcessor } from '${API}';
    export const processor = defineProcessor({
      onResponseHeaders: () => continueWith({ headers: { set: { 'x-from': '${word}' } } }),
    });`;
}

const THROWS = `import { defineProcessor } from '${API}';
  export default defineProcessor({ onResponseHeaders() { throw new Error('broken'); } });`;

async function start(
  files: Readonly<Record<string, string>>,
  starting: readonly string[] = ['processors.yaml'],
): Promise<{ socket: string; started: HostStarted }> {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const socket = join(folder, 'x.sock');
  const started = await startHost({ socket, files: starting.map((name) => join(folder, name)), log: captureLog().log });
  if (started.kind === 'started') onTestFinished(() => started.stop(0));
  return { socket, started };
}

async function serve(
  files: Readonly<Record<string, string>>,
  starting?: readonly string[],
): Promise<(policy?: string) => TestStream> {
  const { socket, started } = await start(files, starting);
  if (started.kind !== 'started') throw new Error(JSON.stringify(started));
  const open = extProcClient(socket);
  return (policy) => open(policy === undefined ? {} : { 'sluice-policy': policy });
}

describe('the host of processors', () => {
  test('hands a stream to the processor of its policy: by index, else by policy, else the default', async () => {
    const open = await serve({
      'processors.yaml': `processors:
        - {policy: demo/greeting, module: ./greeting.ts}
        - {policy: demo/greeting/1, module: deep/second.ts}
        - {module: ./fallback.ts}`,
      'greeting.ts': sets('greeting'),
      'deep/second.ts': sets('second'),
      'fallback.ts': sets('fallback'),
    });
    const from = async (policy?: string): Promise<readonly string[]> =>
      headersSet(await open(policy).ask(message.responseHeaders()));
    expect(await from('demo/greeting/0')).toEqual(['x-from: greeting']);
    expect(await from('demo/greeting/1')).toEqual(['x-from: second']);
    expect(await from('demo/other/0')).toEqual(['x-from: fallback']);
    expect(await from('other/greeting/0')).toEqual(['x-from: fallback']);
    expect(await from()).toEqual(['x-from: fallback']);
  });

  test('takes several files, and modules by themselves', async () => {
    const open = await serve(
      {
        'a.yaml': 'processors: [{policy: demo/a, module: ./a.ts}]',
        'b.yml': 'processors: [{policy: demo/b, module: ./b.ts}]',
        'a.ts': sets('a'),
        'b.ts': sets('b'),
        'other.ts': sets('other'),
      },
      ['a.yaml', 'b.yml', 'other.ts'],
    );
    for (const name of ['a', 'b', 'other']) {
      expect(headersSet(await open(`demo/${name}/0`).ask(message.responseHeaders()))).toEqual([`x-from: ${name}`]);
    }
  });

  test('does not start when two files name one policy, or two modules are to serve all others', async () => {
    const files = { 'a.yaml': 'processors: [{policy: demo/a, module: ./a.ts}]', 'a.ts': sets('a'), 'b.ts': sets('b') };
    const again = { ...files, 'b.yaml': 'processors: [{policy: demo/a, module: ./a.ts}]' };
    expect((await start(again, ['a.yaml', 'b.yaml'])).started).toMatchObject({
      messages: [expect.stringMatching(/b\.yaml:1:39: policy demo\/a comes twice \(first at .*a\.yaml:1:/)],
    });
    expect((await start(files, ['a.ts', 'b.ts'])).started).toMatchObject({
      messages: [expect.stringMatching(/b\.ts: a second processor without a policy \(first at .*a\.ts\)/)],
    });
  });

  test('fails a stream of an unknown policy, or of none, when there is no default', async () => {
    const open = await serve({
      'processors.yaml': 'processors: [{policy: demo/greeting, module: ./greeting.ts}]',
      'greeting.ts': sets('greeting'),
    });
    const unknown = await open('demo/other/0').ended;
    expect(unknown.code).toBe(status.FAILED_PRECONDITION);
    expect(unknown.details).toContain('demo/other/0');
    expect((await open().ended).code).toBe(status.FAILED_PRECONDITION);
  });

  test('keeps a processor that throws from harming another', async () => {
    const open = await serve({
      'processors.yaml': 'processors: [{policy: a/good, module: good.ts}, {policy: a/bad, module: bad.ts}]',
      'good.ts': sets('good'),
      'bad.ts': THROWS,
    });
    const good = open('a/good/0');
    await good.ask(message.requestHeaders());
    const bad = open('a/bad/0');
    bad.send(message.responseHeaders());
    expect(await bad.ended).toEqual({ code: status.INTERNAL, details: 'the processor failed' });
    expect(headersSet(await good.ask(message.responseHeaders()))).toEqual(['x-from: good']);
  });

  test.each([
    ['is not there', {}, /processors\.yaml:2:17: there is no file .*a\.ts$/],
    ['has no processor', { 'a.ts': 'export const other = 1;' }, /:2:17: .*a\.ts exports neither processor nor default/],
    [
      'exports something else',
      { 'a.ts': 'export const processor = {};' },
      /:2:17: .*exports what defineProcessor has not made/,
    ],
    [
      'does not load',
      { 'a.ts': 'throw new Error("at load");' },
      /:2:17: .*a\.ts does not load: at load \(\/.*a\.ts:1:7\)/,
    ],
  ])('does not start with a module that %s, and says which', async (_, files, expected) => {
    const { started } = await start({ ...files, 'processors.yaml': 'processors:\n      - module: a.ts\n' });
    expect(started).toMatchObject({ kind: 'invalid', messages: [expect.stringMatching(expected)] });
  });

  test('does not start without its file', async () => {
    const { started } = await start({});
    expect(started).toMatchObject({ kind: 'invalid', messages: [expect.stringContaining('ENOENT')] });
  });
});
