import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Go module in the local module cache. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** Folder of its sources, read-only. */
  readonly dir: string;
}

/**
 * Downloads exactly the modules that the `require` block of `<folder>/go.mod` pins, in its order, checked by Go against
 * `go.sum`. Throws when Go is missing, when a checksum differs or when a module cannot be fetched.
 */
export function downloadModules(folder: string): readonly GoModule[] {
  const paths = requiredPaths(readFileSync(join(folder, 'go.mod'), 'utf8'));
  const output = execFileSync('go', ['mod', 'download', '-json', ...paths], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
  });
  // Go prints one JSON object after another; each one's closing brace stands alone on its line.
  return output
    .split(/(?<=^\})\n/m)
    .filter((text) => text.trim() !== '')
    .map((text) => readModule(JSON.parse(text)));
}

function requiredPaths(goMod: string): readonly string[] {
  const block = /^require \(\n([^)]*)\)/m.exec(goMod)?.[1] ?? '';
  return block
    .split('\n')
    .map((line) => line.trim().split(' ')[0] ?? '')
    .filter((path) => path !== '');
}

function readModule(value: unknown): GoModule {
  if (typeof value === 'object' && value !== null && 'Path' in value && 'Version' in value && 'Dir' in value) {
    const { Path: path, Version: version, Dir: dir } = value;
    if (typeof path === 'string' && typeof version === 'string' && typeof dir === 'string') {
      return { path, version, dir };
    }
  }
  throw new Error(`go mod download -json: Path, Version and Dir expected, found ${JSON.stringify(value)}`);
}
