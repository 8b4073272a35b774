import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describeInfraContract, describeProcessContract, type ProcessHarness } from '../contract.ts';
import { localInfra } from './local-infra.ts';
import { proxyPaths } from './state-folder.ts';

function processes(): Promise<ProcessHarness> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'sl-'));
  // Stands for Envoy: it runs and does nothing, whatever its arguments are.
  const envoy = join(stateFolder, 'envoy');
  writeFileSync(envoy, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o700 });
  const extproc = join(stateFolder, 'extproc.js');
  writeFileSync(extproc, 'setInterval(() => {}, 1000);\n');
  const programs = { envoy, node: process.execPath, extproc, sidecar: extproc };
  const log = pino({ level: 'silent' });
  return Promise.resolve({
    controller: () => Promise.resolve(localInfra({ stateFolder, programs, log })),
    kill: (pid) => process.kill(pid, 'SIGKILL'),
    connect: async (key) => {
      const connection = createConnection(proxyPaths(stateFolder, key).xdsSocket);
      connection.on('error', () => undefined);
      await once(connection, 'connect');
    },
    dispose: () => Promise.resolve(rmSync(stateFolder, { recursive: true, force: true })),
  });
}

describeInfraContract('this machine', processes);
describeProcessContract('this machine', processes);
