import { stringify } from 'yaml';
import { formatProblem } from '../../provider/format-problem.ts';
import { readInvalidPolicies } from '../../provider/invalid-policies.ts';
import { loadOnce } from '../../provider/files/load-once.ts';
import { ResourceStore } from '../../resources/store.ts';
import { CONTROLLER_NAME, type Settings } from '../../settings.ts';
import { renderStatus } from '../../status/render.ts';
import { createTranslator, type Translation } from '../../translate.ts';
import { lower } from '../../xds/lower.ts';
import { showSnapshot } from '../../xds/show.ts';
import { EXIT } from '../exit-codes.ts';
import type { TranslateFlags } from '../program.ts';

/** Stands for the `policy` module where none is built: translating needs no module. */
const SOME_MODULE = { digest: `sha256:${'0'.repeat(64)}`, path: 'policy.wasm' };

const SETTINGS: Settings = {
  controllerName: CONTROLLER_NAME,
  policyDigest: SOME_MODULE.digest,
  bindAddress: '0.0.0.0',
  unixPaths: new Map(),
};

/** `sluice translate`: prints what manifests become, as if every want were answered and every proxy had taken it. */
export async function translate(paths: readonly string[], flags: TranslateFlags): Promise<number> {
  const { resources, problems } = loadOnce(paths, paths.includes('-') ? { stdin: await standardInput() } : {});
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  const store = new ResourceStore();
  for (const { resource } of resources.values()) store.upsert(resource);
  store.setInvalidPolicies(readInvalidPolicies(problems));
  const shown = show(createTranslator(SETTINGS)(store), flags.to);
  const text = flags.output === 'json' ? `${JSON.stringify(shown, jsonValue, 2)}\n` : stringify(toPlain(shown), { aliasDuplicateObjects: false });
  process.stdout.write(text);
  return problems.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.fine;
}

function show(translation: Translation, to: TranslateFlags['to']): unknown {
  switch (to) {
    case 'xds':
      return Object.fromEntries([...translation.proxies].map(([key, { xds }]) => [key, showSnapshot(lower(xds, SOME_MODULE))]));
    case 'ir':
      return Object.fromEntries(translation.proxies);
    case 'status': {
      const occasion = { time: new Date().toISOString(), controllerName: CONTROLLER_NAME };
      return { apiVersion: 'v1', kind: 'List', items: translation.statuses.map((status) => renderStatus(status, occasion)) };
    }
    default:
      return to satisfies never;
  }
}

/** Maps and bytes, which JSON does not have, as objects and base64. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, jsonValue));
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
