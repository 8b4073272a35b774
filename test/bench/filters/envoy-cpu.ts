import { readdirSync, readFileSync } from 'node:fs';

/** CPU time that all threads of a process have had so far: microseconds (`/proc/<pid>/task/<tid>/schedstat`, first field). */
export function threadsCpu(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1_000;
}
