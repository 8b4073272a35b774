/** The `sluice` command: flags in, an exit code out. The commands themselves are composed in `cli/commands`. */
import { EXIT } from './cli/exit-codes.ts';

// Whoever reads our output may have had enough of it: `sluice translate ... | head`.
process.stdout.on('error', () => process.exit());
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

const [{ CommanderError }, { default: packageJson }, { createProgram }] = await Promise.all([
  import('commander'),
  import('../package.json', { with: { type: 'json' } }),
  import('./cli/program.ts'),
]);

try {
  await createProgram(packageJson.version).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  else fail(error);
}

/** A bug ends the process with one line; the proxies keep serving, and the next run takes them over. */
function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const isDebug = (process.env['DEBUG'] ?? '') !== '';
  const text = isDebug && error instanceof Error ? error.stack : message.replaceAll(/\s*\n\s*/gu, ' ');
  process.stderr.write(`sluice: internal error: ${text}\n`);
  process.exit(EXIT.internal);
}
