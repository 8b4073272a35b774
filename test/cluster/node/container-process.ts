import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerLog } from './container-log.ts';

/** How a container is started. */
export interface ContainerStart {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Network namespace of its pod. */
  readonly network: string;
  /** Where its root is put together. */
  readonly folder: string;
  /** What is mounted into its root: files and folders of this machine by their path inside. */
  readonly mounts: readonly { readonly source: string; readonly path: string; readonly readOnly: boolean }[];
  /** Whether nothing may be written but into mounts (`readOnlyRootFilesystem`). */
  readonly readOnlyRoot: boolean;
  readonly user: number | undefined;
  readonly group: number | undefined;
  /** Further groups of its user. */
  readonly groups: readonly number[];
  readonly log: ContainerLog;
}

/**
 * Its own mount namespace, in it this machine's files under a layer that is thrown away, and the mounts; then the program in
 * place of the shell. Its output goes through a pipe: what it opens as /dev/stdout is no socket then. What is read-only becomes so
 * when all is mounted: a mount may be within another. /proc, /sys and /dev stay as they are.
 */
const SCRIPT = `set -e
root=$1; access=$2; user=$3; group=$4; groups=$5; shift 5
mount --make-rprivate /
mount -t tmpfs none "$root"
mkdir "$root/upper" "$root/work" "$root/all"
mount -t overlay none -o lowerdir=/,upperdir="$root/upper",workdir="$root/work" "$root/all"
for folder in proc sys dev; do mount --rbind "/$folder" "$root/all/$folder"; done
mount -t tmpfs none "$root/all/tmp"; chmod 1777 "$root/all/tmp"
closed=()
if [ "$access" = ro ]; then closed=("$root/all" "$root/all/tmp"); fi
while [ "$1" != -- ]; do
  # As the container sees it: a link on the way leads within its root.
  at="$root/all$(chroot "$root/all" realpath -m "$2")"
  if [ -d "$1" ]; then mkdir -p "$at"; else mkdir -p "$(dirname "$at")"; [ -e "$at" ] || : > "$at"; fi
  mount --bind "$1" "$at"
  # What is mounted there now is this, and no more what was there before.
  for index in "\${!closed[@]}"; do if [ "\${closed[index]}" = "$at" ]; then unset "closed[index]"; fi; done
  if [ "$3" = ro ]; then closed+=("$at"); fi
  shift 3
done
shift
for at in "\${closed[@]}"; do mount -o remount,bind,ro "$at"; done
if [ -n "$user" ]; then exec chroot --userspec="$user:$group" --groups="$groups" "$root/all" "$@" > >(exec cat) 2>&1; fi
exec chroot "$root/all" "$@" > >(exec cat) 2>&1`;

/** Starts the process of a container. */
export function startContainer(start: ContainerStart): ChildProcess {
  const { command, env, network, folder, mounts, readOnlyRoot, user, group, groups, log } = start;
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  const access = (isReadOnly: boolean): string => (isReadOnly ? 'ro' : 'rw');
  const who = [user === undefined ? '' : String(user), String(group ?? user ?? ''), groups.join(',')];
  const own = [root, access(readOnlyRoot), ...who];
  const mounted = mounts.flatMap(({ source, path, readOnly }) => [source, path, access(readOnly)]);
  const child = spawn(
    'ip',
    [
      'netns',
      'exec',
      network,
      'unshare',
      '-m',
      'bash',
      '-c',
      SCRIPT,
      'container',
      ...own,
      ...mounted,
      '--',
      ...command,
    ],
    { env: { PATH: process.env['PATH'], HOME: '/tmp', ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' },
  );
  child.stdout.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  child.on('error', (error) => log.write(Buffer.from(`${error.message}\n`)));
  return child;
}
