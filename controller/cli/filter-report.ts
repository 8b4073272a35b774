import type { FoundModule } from '../oci/image-module.ts';
import { formatReference } from '../oci/reference.ts';
import { readWasm, type WasmBinary } from '../oci/wasm-binary.ts';
import type { Refusal } from '../resources/verdict.ts';
import { EXIT } from './exit-codes.ts';
import { serialize } from './print.ts';
import type { RegistryAccess } from './registry-access.ts';

/** What is told of a module. */
export interface ModuleReport {
  readonly digest: string;
  readonly size: number;
  /** Version of the Proxy-Wasm ABI. */
  readonly abi: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** Tells of a module what it says of itself. */
export function moduleReport({ digest, bytes }: Pick<FoundModule, 'digest' | 'bytes'>): ModuleReport {
  const read = readWasm(bytes);
  const binary: WasmBinary = read.ok ? read.value : { imports: [], exports: [], abi: undefined };
  return {
    digest,
    size: bytes.length,
    abi: binary.abi ?? 'unknown',
    imports: binary.imports.toSorted(),
    exports: binary.exports.toSorted(),
  };
}

/** Prints a report: as lines "name: value", or as a document. */
export function printReport(report: object, output: 'table' | 'json' | 'yaml'): void {
  process.stdout.write(output === 'table' ? lines(report) : serialize(report, output));
}

function lines(report: object, indent = ''): string {
  return Object.entries(report)
    .map(([name, value]: [string, unknown]) => {
      if (Array.isArray(value)) return `${indent}${name}: ${value.join(' ')}\n`;
      if (typeof value === 'object' && value !== null) return `${indent}${name}:\n${lines(value, `${indent}  `)}`;
      return `${indent}${name}: ${String(value)}\n`;
    })
    .join('');
}

/** Tells what went wrong on one line of standard error; gives the exit code. */
export function failed(command: string, message: string, code: number): number {
  process.stderr.write(`sluice filter ${command}: ${message}\n`);
  return code;
}

/** Tells that a registry did not give, or take, an image, and what to do about it; gives the exit code. */
export function failedAt(command: string, access: RegistryAccess, { reason, message }: Refusal): number {
  return failed(command, `${message}${adviceOn(command, access, { reason, message })}`, exitCodeOf(reason));
}

function adviceOn(command: string, { reference, credentials }: RegistryAccess, { reason, message }: Refusal): string {
  const { registry } = reference;
  switch (reason) {
    case 'Unauthorized':
      return credentials === undefined
        ? `; \`docker login ${registry}\` stores some in ~/.docker/config.json, REGISTRY_AUTH_FILE may name another such file`
        : `; \`docker login ${registry}\` stores others`;
    case 'NotFound':
      return command === 'push' ? '' : `; there is no image ${formatReference(reference)}`;
    case 'Unavailable':
      return message.includes('TLS: wrong version number') ? `; --plain-http asks ${registry} without TLS` : '';
    default:
      return '';
  }
}

/** The exit code for why an image could not be had: 1 when it is the image, 3 when it is the way there. */
export function exitCodeOf(reason: string): number {
  return reason === 'Malformed' || reason === 'DigestMismatch' ? EXIT.findings : EXIT.internal;
}
