import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import { kubeconfigIn } from './control-plane.ts';

/** What a shell in a cluster is to have. */
export interface Entrance {
  /** The folder of the cluster. */
  readonly folder: string;
  /** The process that made the namespaces of the cluster; the only child that it has is the first process in them. */
  readonly maker: number;
  /** Programs by the name that they are called by. */
  readonly programs: Readonly<Record<string, string>>;
}

/**
 * Writes a script, `enter` in the folder of a cluster: it opens a shell in the cluster's namespaces, or runs the command that it
 * is given there, in the folder where it is called, with the programs and `KUBECONFIG`. Gives its path.
 */
export function writeEntrance({ folder, maker, programs }: Entrance): string {
  const [bin, script] = [join(folder, 'bin'), join(folder, 'enter')];
  mkdirSync(bin);
  for (const [name, program] of Object.entries(programs)) symlinkSync(program, join(bin, name));
  writeFileSync(
    script,
    [
      '#!/bin/sh',
      `read -r first rest < /proc/${maker}/task/${maker}/children`,
      `export KUBECONFIG='${kubeconfigIn(folder)}' PATH='${bin}:${join(ROOT, 'node_modules/.bin')}':"$PATH"`,
      '[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"',
      // Who enters a mount namespace is at its root.
      `exec nsenter --target "$first" --net --mount --pid sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"`,
      '',
    ].join('\n'),
  );
  chmodSync(script, 0o700);
  return script;
}
