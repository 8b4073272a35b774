/**
 * The processes beside Envoy: `sidecar`, Sluice's own, and `processors`, the host of users' processors.
 *
 * In: the command line. Out: an exit code: 0 when asked to end, 2 when the command line or the configuration is wrong,
 * 3 when it cannot work (another process has the socket, say).
 */
import { runCommand } from './runtime/run-command.ts';

process.exit(await runCommand(process.argv.slice(2)));
