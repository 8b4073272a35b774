import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import { ask, dataOf, isGone } from './api.ts';
import type { Items, Pod, Volume, VolumeSource } from './kinds.ts';
import { fieldOf } from './pod-fields.ts';
import { at } from './value-at.ts';

/** Files by their path in a volume. */
type Files = ReadonlyMap<string, Buffer>;

/**
 * Fills the folder of a volume with what it is to have now; `true` where that is another content than before. Files that
 * are no longer wanted go. An `emptyDir` is left alone. Throws while an object that it needs does not exist.
 */
export async function fillVolume(
  api: ApiServer,
  pod: Pod,
  address: string,
  volume: Volume,
  folder: string,
): Promise<boolean> {
  const isNew = !existsSync(folder);
  mkdirSync(folder, { recursive: true });
  if (isNew) chmodSync(folder, 0o777);
  if (volume.emptyDir !== undefined) return isNew;
  const files = await filesOf(api, pod, address, volume);
  const before = versionIn(folder);
  if (before !== undefined && isFilledWith(join(folder, before), files)) return false;
  const version = mkdtempSync(join(folder, '..version-'));
  chmodSync(version, 0o755);
  for (const [name, content] of files) {
    mkdirSync(dirname(join(version, name)), { recursive: true });
    writeFileSync(join(version, name), content, { mode: 0o644 });
  }
  // Who watches the folder sees all files change at once, by one rename, as with a kubelet.
  symlinkSync(basename(version), join(folder, '..next'));
  renameSync(join(folder, '..next'), join(folder, CURRENT));
  linkNames(folder, new Set([...files.keys()].map((name) => name.split('/')[0] ?? name)));
  if (before !== undefined) rmSync(join(folder, before), { recursive: true, force: true });
  return true;
}

/** The link to the folder of the files as they are now. */
const CURRENT = '..data';

function versionIn(folder: string): string | undefined {
  const link = join(folder, CURRENT);
  return existsSync(link) ? readlinkSync(link) : undefined;
}

function isFilledWith(version: string, files: Files): boolean {
  const there = readdirSync(version, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  if (there.length !== files.size) return false;
  return [...files].every(([name, content]) => {
    const path = join(version, name);
    return existsSync(path) && readFileSync(path).equals(content);
  });
}

/** Each name of the volume is a link into what is current. */
function linkNames(folder: string, names: ReadonlySet<string>): void {
  const there = readdirSync(folder).filter((name) => !name.startsWith('..'));
  for (const name of there) if (!names.has(name)) rmSync(join(folder, name), { force: true });
  for (const name of names) if (!there.includes(name)) symlinkSync(join(CURRENT, name), join(folder, name));
}

async function filesOf(api: ApiServer, pod: Pod, address: string, source: VolumeSource): Promise<Files> {
  const { namespace } = pod.metadata;
  const { secret, configMap, serviceAccountToken, downwardAPI, projected } = source;
  if (secret !== undefined) {
    const name = secret.secretName ?? secret.name ?? '';
    return chosen(await optional(dataOf(api, 'secrets', namespace, name), secret.optional), secret.items);
  }
  if (configMap !== undefined) {
    const data = dataOf(api, 'configmaps', namespace, configMap.name);
    return chosen(await optional(data, configMap.optional), configMap.items);
  }
  if (serviceAccountToken !== undefined) {
    return new Map([[serviceAccountToken.path, Buffer.from(await tokenOf(api, pod, serviceAccountToken))]]);
  }
  if (downwardAPI !== undefined) {
    return new Map(
      (downwardAPI.items ?? []).map(({ path, fieldRef }) => [
        path,
        Buffer.from(fieldOf(pod, address, fieldRef?.fieldPath ?? '')),
      ]),
    );
  }
  const all = await Promise.all((projected?.sources ?? []).map((one) => filesOf(api, pod, address, one)));
  return new Map(all.flatMap((files) => [...files]));
}

async function optional<T extends object>(data: Promise<T>, isOptional: boolean | undefined): Promise<T | object> {
  try {
    return await data;
  } catch (error) {
    if (isOptional === true && isGone(error)) return {};
    throw error;
  }
}

function chosen(data: object, items: Items | undefined): Files {
  const all = new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]));
  if (items === undefined) return all;
  return new Map(items.flatMap(({ key, path }) => (all.has(key) ? [[path, all.get(key) ?? Buffer.alloc(0)]] : [])));
}

/** Tokens by pod and audience; one lasts longer than any test. */
const tokens = new Map<string, string>();

/** A token of the pod's service account (authentication.k8s.io/v1 TokenRequest). */
async function tokenOf(
  api: ApiServer,
  { metadata, spec }: Pod,
  { audience, expirationSeconds }: { readonly audience?: string; readonly expirationSeconds?: number },
): Promise<string> {
  const key = `${metadata.uid} ${audience ?? ''}`;
  const known = tokens.get(key);
  if (known !== undefined) return known;
  const answer = await ask(api, {
    method: 'POST',
    path: `/api/v1/namespaces/${metadata.namespace}/serviceaccounts/${spec.serviceAccountName ?? 'default'}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === undefined ? undefined : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
      },
    },
  });
  const token = String(at(answer, 'status', 'token'));
  tokens.set(key, token);
  return token;
}
