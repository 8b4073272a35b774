// A script: `npm run cluster`. Brings up a cluster, says how to use it, and ends it with the first signal.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureClusterPrograms, startCluster } from './cluster.ts';
import { inOwnNamespaces, isInOwnNamespaces, refusedHere } from './namespaces.ts';

const refused = refusedHere();
if (refused !== undefined) {
  process.stderr.write(`cluster: ${refused}\n`);
  process.exit(3);
}
if (!isInOwnNamespaces()) {
  await ensureClusterPrograms(process.env);
  process.exit(
    await inOwnNamespaces(process.execPath, process.argv.slice(1), (pid) => {
      process.stderr.write(`cluster: its network: nsenter -t ${pid} -n -m COMMAND\n`);
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
const cluster = await startCluster(folder, (line) => process.stderr.write(`cluster: ${line}\n`));
const kubectl = join(dirname(cluster.kubeconfig), 'kubectl');
process.stdout.write(`cluster: ready; in its network: ${kubectl} --kubeconfig ${cluster.kubeconfig} get pods -A\n`);
await ended;
await cluster.stop();
rmSync(folder, { recursive: true, force: true });
