import type { Logger } from 'pino';

/** Fields that every line of our own log has anyway, or that say nothing here. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg']);
/** Where the level stands in a line of Envoy: "[date][thread][warning][main] ...". */
const ENVOY_LEVEL = /^\[[^\]]+\]\[\d+\]\[(?<level>trace|debug|info|warning|error|critical)\]/u;

/**
 * What Envoy warns of although it is as it should be: its end, a module that comes after the first configuration, and, once for
 * each chain of a listener, a filter of ours that its makers have not called stable.
 */
const EXPECTED = [
  /^\[[^\]]+\]\[\d+\]\[warning\]\[misc\] .* marked as work-in-progress\./u,
  /caught ENVOY_SIGTERM/u,
  /gRPC config stream to xds_cluster closed/u,
  /initial fetch timed out for type\.googleapis\.com\/envoy\.config\.core\.v3\.TypedExtensionConfig/u,
] as const;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Passes a line of a process's output on to the log, at the level it was written with. */
export function passOn(line: string, log: Logger): void {
  const record = parse(line);
  if (record === undefined) {
    log[envoyLevel(line)](line);
    return;
  }
  const fields = Object.fromEntries(Object.entries(record).filter(([name]) => !OWN_FIELDS.has(name)));
  const message = record['msg'];
  log[pinoLevel(record['level'])](fields, typeof message === 'string' ? message : '');
}

function parse(line: string): { readonly [field: string]: unknown } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function pinoLevel(level: unknown): Level {
  if (typeof level !== 'number') return 'info';
  if (level >= 50) return 'error';
  if (level >= 40) return 'warn';
  return level >= 30 ? 'info' : 'debug';
}

function envoyLevel(line: string): Level {
  const level = ENVOY_LEVEL.exec(line)?.groups?.['level'];
  if (EXPECTED.some((expected) => expected.test(line))) return 'debug';
  if (level === 'warning') return 'warn';
  if (level === 'error' || level === 'critical') return 'error';
  return level === 'debug' || level === 'trace' ? 'debug' : 'info';
}
