#!/usr/bin/env node
// The `sluice` command: runs on whatever Node the machine has, and hands over to Node 24. The caller's folder is kept.
import { runOnNode24 } from '../../deploy/setup/node24.mjs';

await runOnNode24('controller/main.ts', process.argv.slice(2));
