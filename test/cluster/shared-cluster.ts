import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the cluster that all tests share. */
    cluster: string;
  }
}

/** Starts the cluster that all tests share, and gives what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const cluster = await startCluster(folder, (line) => process.stderr.write(`cluster: ${line}\n`));
  project.provide('cluster', folder);
  return async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
