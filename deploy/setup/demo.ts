/**
 * What `npm start` shows: the manifests of `deploy/examples/demo` on real Envoy, with a back-end that echoes, an identity
 * provider, and one line of curl for each thing there is to see.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_TOKEN, GUEST_TOKEN } from '../examples/demo/tokens.ts';
import { DEMO_PORTS, takePorts, withPorts } from './demo-ports.ts';
import { startEcho } from './echo.ts';
import { DEMO_CLIENT } from './identity-provider/demo-client.ts';
import { startIdentityProvider } from './identity-provider/identity-provider.ts';
import { ROOT } from './node24.mjs';
import { ensure } from './setup.ts';

const { ports, rest: further } = portsAsked();
const GATEWAY = `http://127.0.0.1:${ports.gateway}`;
const WITHOUT_MODULE = `http://127.0.0.1:${ports.withoutModule}`;
const READY = `http://127.0.0.1:${ports.admin}/readyz`;
const EXAMPLE = 'deploy/examples/demo';

const SHOWN = [
  ['An open route: 200', `${GATEWAY}/public`],
  [
    "A protected route with an administrator's token: 200, and the back-end learns who asks",
    `-H 'Authorization: Bearer ${ADMIN_TOKEN}' ${GATEWAY}/orders`,
  ],
  ['The same without a token: 401', `${GATEWAY}/orders`],
  ['The same with the token of somebody else: 403', `-H 'Authorization: Bearer ${GUEST_TOKEN}' ${GATEWAY}/orders`],
  ['A processor changes the answer', `'${GATEWAY}/greeting?name=Ada'`],
  [
    'A Gateway whose policy module is missing: its protected route answers 500',
    `-H 'Authorization: Bearer ${ADMIN_TOKEN}' ${WITHOUT_MODULE}/orders`,
  ],
  ['... and its open route serves', `${WITHOUT_MODULE}/public`],
  ['The fourth request of an hour to a route that takes three: 429', `'${GATEWAY}/limited?[1-4]'`],
  [
    `A login: open ${GATEWAY}/account in a browser; curl is taken for Ada: 200`,
    `-L -c /tmp/sluice-demo-cookies-${ports.gateway} ${GATEWAY}/account`,
  ],
] as const;

await ensure(['filters', 'envoy', 'bundle']);
const stopEcho = await startEcho(ports.backEnd).catch(() => portTaken('back-end', ports.backEnd));
const provider = await startIdentityProvider({
  ...DEMO_CLIENT,
  port: ports.provider,
  redirectUris: [`${GATEWAY}/account/callback`],
}).catch(() => portTaken('identity provider', ports.provider));
if (stopEcho === undefined || provider === undefined) {
  process.exit(3);
} else {
  const manifests = manifestsHere();
  const sluice = spawn(
    process.execPath,
    [
      'controller/cli/sluice.mjs',
      'run',
      manifests.folder,
      '--admin',
      `127.0.0.1:${ports.admin}`,
      '--processors',
      `${EXAMPLE}/processors.yaml`,
      '--log-level',
      'warn',
      ...further,
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  const ended = new Promise<number>((resolve) => sluice.once('exit', (code) => resolve(code ?? 3)));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => sluice.kill(signal));
  const ready = await Promise.race([untilReady(), ended.then(() => false)]);
  if (ready) show(manifests.folder);
  process.exitCode = await ended;
  manifests.remove();
  await stopEcho();
  await provider.stop();
}

function portTaken(who: string, port: number): undefined {
  process.stderr.write(
    `The demonstration's ${who} needs port ${port} on 127.0.0.1, and it is taken: npm start -- --ports FIRST takes others.\n`,
  );
}

function portsAsked(): ReturnType<typeof takePorts> {
  try {
    return takePorts(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}

/** The manifests of the example, or copies of them where other ports are asked for. */
function manifestsHere(): { readonly folder: string; remove(): void } {
  const example = `${EXAMPLE}/manifests`;
  if (ports === DEMO_PORTS) return { folder: example, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  for (const name of readdirSync(join(ROOT, example))) {
    writeFileSync(join(folder, name), withPorts(readFileSync(join(ROOT, example, name), 'utf8'), ports));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function untilReady(): Promise<boolean> {
  for (;;) {
    const status = await fetch(READY)
      .then((response) => response.status)
      .catch(() => undefined);
    if (status === 200) return true;
    await sleep(50);
  }
}

function show(manifests: string): void {
  const lines = SHOWN.map(([title, rest]) => `# ${title}\ncurl -sS -w '%{http_code}\\n' ${rest}\n`);
  process.stdout.write(
    [
      '\nSluice is ready. Try, in another terminal, in any order:\n\n',
      lines.join('\n'),
      `\nChange a file in ${manifests} and ask again: what you save is live. Ctrl-C ends everything.\n`,
    ].join(''),
  );
}
