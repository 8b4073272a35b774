import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.ts';
import { openPowerSwitch } from './power-switch.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the cluster that all tests share. */
    cluster: string;
  }
}

const LONGEST_LINE = 300;

/** Starts the cluster that all tests share, and gives what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const said = new Set<string>();
  const cluster = await startCluster(folder, (line) => {
    // While the API server is away the node says the same over and over.
    if (!said.has(line)) process.stderr.write(`cluster: ${line.slice(0, LONGEST_LINE)}\n`);
    said.add(line);
  });
  const closeSwitch = await openPowerSwitch(folder, cluster.controlPlane);
  project.provide('cluster', folder);
  return async () => {
    closeSwitch();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
