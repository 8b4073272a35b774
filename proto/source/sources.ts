import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** A .proto file: the name by which others import it, and its text. */
export interface ProtoSource {
  readonly name: string;
  readonly text: string;
}

const PROTO_ROOT = dirname(import.meta.dirname);

/** Reads every .proto file under `proto/sluice`, named relative to `proto/` and in order of name. */
export function readSources(): readonly ProtoSource[] {
  return readdirSync(join(PROTO_ROOT, 'sluice'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.proto'))
    .map((path) => ['sluice', ...path.split(sep)].join('/'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(PROTO_ROOT, name), 'utf8') }));
}
