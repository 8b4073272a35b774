/** The `sluice` command: flags in, an exit code out. The commands themselves are composed in `cli/commands`. */
import { CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { EXIT } from './cli/exit-codes.ts';
import { createProgram } from './cli/program.ts';

try {
  await createProgram(packageJson.version).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  } else {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sluice: ${message}\n`);
    process.exitCode = EXIT.internal;
  }
}
