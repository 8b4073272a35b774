#!/usr/bin/env node
// The `sluice` command: runs on whatever Node the machine has, and hands over to Node 24. The caller's folder is kept.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { scriptOf } from '../../deploy/setup/fresh-bundle.mjs';
import { ROOT, runOnNode24 } from '../../deploy/setup/node24.mjs';

// Compiled code is kept in the user's cache folder, also for the processes that are started from here: a second start takes
// half the time. Only what is imported from here on.
const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
process.env['NODE_COMPILE_CACHE'] ??= join(cache, 'sluice', 'node-compile-cache');
module.enableCompileCache?.(process.env['NODE_COMPILE_CACHE']);

await runOnNode24(scriptOf(ROOT, 'controller', 'controller/main.ts'), process.argv.slice(2));
