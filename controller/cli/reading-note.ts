const NOTE = 'Reading manifests ...';

/** Does work that may take seconds; whoever waits at a terminal is told. */
export function withReadingNote<T>(work: () => T): T {
  if (!process.stderr.isTTY) return work();
  process.stderr.write(NOTE);
  try {
    return work();
  } finally {
    process.stderr.write(`\r${' '.repeat(NOTE.length)}\r`);
  }
}
