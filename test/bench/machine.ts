import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { ENVOY_VERSION } from '#deploy/setup/envoy-release.ts';

/** The machine in one line: no names, no paths. */
export function machine(): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return `${availableParallelism()} cores of ${model}, ${gib} GiB, ${type()} ${release()}, Node ${process.versions.node}, Envoy ${ENVOY_VERSION}`;
}
