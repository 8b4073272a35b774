import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { describeInfraContract, describeProcessContract, type ProcessHarness } from '../contract.ts';
import type { Infra } from '../infra.ts';
import { localInfra } from './local-infra.ts';
import { startTimeOf, writeRecord } from './process-record.ts';
import { proxyPaths } from './state-folder.ts';

function machine(): { readonly stateFolder: string; readonly infra: () => Infra } {
  const stateFolder = mkdtempSync(join(tmpdir(), 'sl-'));
  // Stands for Envoy: it runs and does nothing, whatever its arguments are.
  const envoy = join(stateFolder, 'envoy');
  writeFileSync(envoy, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o700 });
  const extproc = join(stateFolder, 'extproc.js');
  writeFileSync(extproc, 'setInterval(() => {}, 1000);\n');
  const programs = { envoy, node: process.execPath, extproc, sidecar: extproc };
  const log = pino({ level: 'silent' });
  return { stateFolder, infra: () => localInfra({ stateFolder, programs, log }) };
}

function processes(): Promise<ProcessHarness> {
  const { stateFolder, infra } = machine();
  return Promise.resolve({
    controller: () => Promise.resolve(infra()),
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

it('a proxy that comes back while what is left of it is being ended is started once that is over', async () => {
  const { stateFolder, infra } = machine();
  const paths = proxyPaths(stateFolder, 'a/b');
  mkdirSync(paths.folder, { recursive: true });
  // It takes its time to end.
  const { pid = 0, stdout } = spawn('/bin/sh', ['-c', 'trap "" TERM; echo; while :; do sleep 1; done']);
  await once(stdout, 'data');
  await writeRecord(paths.envoyRecord, { pid, startTime: startTimeOf(pid) ?? '', command: 'envoy' });
  const controller = infra();
  const over = controller.endOthers(new Set(['a/c']));
  const proxy = await controller.open('a/b');
  await over;
  expect(existsSync(paths.folder)).toBe(true);
  expect(proxy.envoyPid).not.toBe(pid);
  expect(controller.isLeft('a/b')).toBe(true);
  await proxy.close();
  rmSync(stateFolder, { recursive: true, force: true });
});
