// A script: `npm run cluster`. Brings up a cluster, says how to use it, and ends it with the first signal.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureClusterPrograms, startCluster } from './cluster.ts';
import { writeEntrance } from './entrance.ts';
import { inOwnNamespaces, isInOwnNamespaces, refusedHere } from './namespaces.ts';

const refused = refusedHere();
if (refused !== undefined) {
  process.stderr.write(`cluster: ${refused}\n`);
  process.exit(3);
}
const [given] = process.argv.slice(2);
if (given === undefined || !isInOwnNamespaces()) {
  const { controlPlane, helm } = await ensureClusterPrograms(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const code = await inOwnNamespaces(process.execPath, [...process.argv.slice(1, 2), folder], (maker) => {
    writeEntrance({ folder, maker, programs: { kubectl: controlPlane, helm } });
  });
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
const cluster = await startCluster(given, (line) => process.stderr.write(`cluster: ${line}\n`));
process.stdout.write(
  `cluster: ready; a shell in it, with kubectl and helm: ${given}/enter (or ${given}/enter COMMAND); Ctrl-C here ends it\n`,
);
await ended;
await cluster.stop();
