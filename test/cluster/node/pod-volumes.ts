import {
  chmodSync,
  chownSync,
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
type Files = ReadonlyMap<string, VolumeFile>;

interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** What a volume's files may be used for where nothing is said of it (Kubernetes API, `defaultMode`). */
const DEFAULT_MODE = 0o644;
/** A token is its user's alone where that is known (`runAsUser`, `fsGroup`). */
const TOKEN_MODE = 0o600;
/** What the group of a pod may do with its volumes: all with an `emptyDir`, else read. */
const GROUP_MODE = { all: 0o2770, read: 0o2550, file: 0o440 } as const;

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
  const { fsGroup } = pod.spec.securityContext ?? {};
  if (volume.emptyDir !== undefined) {
    if (isNew) giveTo(fsGroup, folder, 0o777 | GROUP_MODE.all);
    return isNew;
  }
  const files = await filesOf(api, pod, address, volume, modeOf(volume));
  const before = versionIn(folder);
  if (before !== undefined && isFilledWith(join(folder, before), files)) return false;
  const version = mkdtempSync(join(folder, '..version-'));
  chmodSync(version, 0o755);
  giveTo(fsGroup, version, 0o755 | GROUP_MODE.read);
  for (const [name, { content, mode }] of files) {
    mkdirSync(dirname(join(version, name)), { recursive: true });
    writeFileSync(join(version, name), content);
    chmodSync(join(version, name), mode);
    giveTo(fsGroup, join(version, name), mode | GROUP_MODE.file);
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
  return [...files].every(([name, { content }]) => {
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

/** Makes something a group's, with what that may do with it; where a pod has no group nothing changes. */
function giveTo(group: number | undefined, path: string, mode: number): void {
  if (group === undefined) return;
  chownSync(path, -1, group);
  chmodSync(path, mode);
}

function modeOf({ secret, configMap, downwardAPI, projected }: VolumeSource): number {
  return (secret ?? configMap ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE;
}

/** The files of a source; `mode` is of those that say none. */
async function filesOf(api: ApiServer, pod: Pod, address: string, source: VolumeSource, mode: number): Promise<Files> {
  const { namespace } = pod.metadata;
  const { secret, configMap, serviceAccountToken, downwardAPI, projected } = source;
  if (secret !== undefined) {
    const name = secret.secretName ?? secret.name ?? '';
    return chosen(await optional(dataOf(api, 'secrets', namespace, name), secret.optional), secret.items, mode);
  }
  if (configMap !== undefined) {
    const data = dataOf(api, 'configmaps', namespace, configMap.name);
    return chosen(await optional(data, configMap.optional), configMap.items, mode);
  }
  if (serviceAccountToken !== undefined) {
    const content = Buffer.from(await tokenOf(api, pod, serviceAccountToken));
    const isOwn = pod.spec.securityContext?.fsGroup !== undefined;
    return new Map([[serviceAccountToken.path, { content, mode: isOwn ? TOKEN_MODE : mode }]]);
  }
  if (downwardAPI !== undefined) {
    return new Map(
      (downwardAPI.items ?? []).map(({ path, fieldRef }) => [
        path,
        { content: Buffer.from(fieldOf(pod, address, fieldRef?.fieldPath ?? '')), mode },
      ]),
    );
  }
  const all = await Promise.all((projected?.sources ?? []).map((one) => filesOf(api, pod, address, one, mode)));
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

function chosen(data: object, items: Items | undefined, defaultMode: number): Files {
  const all = new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]));
  const wanted: Items = items ?? [...all.keys()].map((key) => ({ key, path: key }));
  return new Map(
    wanted.flatMap(({ key, path, mode = defaultMode }): [string, VolumeFile][] => {
      const content = all.get(key);
      return content === undefined ? [] : [[path, { content, mode }]];
    }),
  );
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
