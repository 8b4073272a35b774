import type { FoundModule } from '../oci/image-module.ts';
import { readWasm, type WasmBinary } from '../oci/wasm-binary.ts';
import { EXIT } from './exit-codes.ts';
import { serialize } from './print.ts';

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

/** The exit code for why an image could not be had: 1 when it is the image, 3 when it is the way there. */
export function exitCodeOf(reason: string): number {
  return reason === 'Malformed' || reason === 'DigestMismatch' ? EXIT.findings : EXIT.internal;
}
