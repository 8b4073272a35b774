/**
 * The processes beside Envoy: `sidecar`, Sluice's own, and `processors`, the host of users' processors.
 *
 * In: the command line. Out: an exit code: 0 when asked to end, 2 when the command line or the configuration is wrong,
 * 3 when it cannot work (another process has the socket, say).
 */
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Compiled code is kept in the user's cache folder: a second start takes half the time. Only what is imported from here on.
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');
enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? join(cache, 'node-compile-cache'));
const { runCommand } = await import('./runtime/run-command.ts');

process.exit(await runCommand(process.argv.slice(2)));
