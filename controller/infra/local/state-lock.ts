import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { describeProcess } from './port-holder.ts';
import { readRecord, removeRecord, startTimeOf, writeRecord } from './process-record.ts';

/**
 * Takes the state folder for this process; refused while another process has it. The value gives it back.
 *
 * What holds is a socket in Linux's abstract namespace, which only one process can bind and which goes with its process, so
 * that two that start at once never both have it and one that was killed has it no longer (unix(7)). A record beside it
 * names the holder.
 */
export async function holdState(stateFolder: string): Promise<Outcome<() => Promise<void>, 'Held'>> {
  const file = join(stateFolder, 'controller.process');
  const release = await bind(await realpath(stateFolder));
  if (release === undefined) {
    const holder = await readRecord(file);
    const who = holder === undefined ? 'another process' : describeProcess(holder.pid);
    return refusal('Held', `--state-dir ${stateFolder} is in use by ${who}: stop it, or choose another folder`);
  }
  const record = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', command: 'sluice run' };
  // Only the name of the holder is lost when there is no space for it.
  await writeRecord(file, record).catch(() => undefined);
  return success(async () => {
    await removeRecord(file);
    await release();
  });
}

function bind(folder: string): Promise<(() => Promise<void>) | undefined> {
  const name = `\0sluice-state-${createHash('sha256').update(folder).digest('hex')}`;
  return new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(name, () => {
      server.unref();
      resolve(() => new Promise((closed) => server.close(() => closed())));
    });
  });
}
