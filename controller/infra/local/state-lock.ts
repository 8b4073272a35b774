import { join } from 'node:path';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { readRecord, removeRecord, startTimeOf, writeRecord } from './process-record.ts';

/**
 * Takes the state folder for this process; refused while another process has it. The value gives it back. The hold of a
 * process that was killed is void.
 */
export async function holdState(stateFolder: string): Promise<Outcome<() => Promise<void>, 'Held'>> {
  const file = join(stateFolder, 'controller.process');
  const holder = await readRecord(file);
  if (holder !== undefined && holder.pid !== process.pid) {
    return refusal(
      'Held',
      `--state-dir ${stateFolder} is in use by process ${holder.pid}: stop it, or choose another folder`,
    );
  }
  const startTime = startTimeOf(process.pid) ?? '';
  await writeRecord(file, { pid: process.pid, startTime, command: 'sluice run' });
  return success(() => removeRecord(file));
}
