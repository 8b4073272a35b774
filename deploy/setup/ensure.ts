// A script: brings the steps that its arguments name up to date; without arguments all of them.
import { ensure, SetupError, STEP_NAMES, type StepName } from './setup.ts';

const isStepName = (name: string): name is StepName => STEP_NAMES.some((known) => known === name);

const args = process.argv.slice(2);
const unknown = args.filter((name) => !isStepName(name));
if (unknown.length > 0) {
  process.stderr.write(`setup: there is no step ${unknown.join(', ')}; the steps are ${STEP_NAMES.join(', ')}\n`);
  process.exit(2);
}
try {
  await ensure(args.length === 0 ? STEP_NAMES : args.filter(isStepName));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exit(1);
}
