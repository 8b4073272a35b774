import { join } from 'node:path';
import { pino } from 'pino';
import { startSidecar } from '#extproc/sidecar/sidecar.ts';
import type { LiveEnvoy } from './live-envoy.ts';

/** Puts a sidecar beside an Envoy, which counts by itself and has no controller; its files are in `folder`. Resolves with what stops it. */
export async function startLiveSidecar({ sidecarSocket }: LiveEnvoy, folder: string): Promise<() => Promise<void>> {
  const sidecar = await startSidecar({
    socket: sidecarSocket,
    controller: { kind: 'socket', path: join(folder, 'agent.sock') },
    modules: join(folder, 'modules'),
    log: pino({ level: 'silent' }),
    countIn: { kind: 'memory' },
  });
  if (sidecar.kind !== 'started') throw new Error('the sidecar does not start');
  return () => sidecar.stop(0);
}
