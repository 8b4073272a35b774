/**
 * The set-up of a checkout, as far as it runs on Node 24: types, filters, Envoy.
 *
 * In: the names of the steps that somebody needs. Out: what they make, in `build/`, `proto/gen/` and the user's cache.
 * A step whose inputs have not changed since it ran costs a few milliseconds and says nothing.
 */
import { isPacked } from './fresh-bundle.mjs';
import { ROOT } from './node24.mjs';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { clearStamp, hashInputs, isUpToDate, writeStamp } from './stamp.ts';
import { type Step, STEP_NAMES, type StepName, stepsOf } from './steps.ts';

export { SetupError } from './setup-error.ts';
export { STEP_NAMES, type StepName } from './steps.ts';

/** Where `ensure` works and where it tells what it does; the checkout and standard error unless said otherwise. */
export interface EnsureOptions {
  readonly root?: string;
  readonly steps?: Readonly<Record<StepName, Step>>;
  readonly log?: Log;
}

/**
 * Brings the named steps up to date, in their own order. Throws a SetupError for what the user can mend, and whatever
 * else a step throws; a step that failed runs again the next time.
 */
export async function ensure(names: readonly StepName[], options: EnsureOptions = {}): Promise<void> {
  const { root = ROOT, log = logToStderr } = options;
  const steps = options.steps ?? stepsOf(root);
  for (const name of STEP_NAMES) if (names.includes(name)) await ensureStep(steps[name], root, log);
}

async function ensureStep(step: Step, root: string, log: Log): Promise<void> {
  switch (step.kind) {
    case 'find':
      if (!step.isThere()) await step.run(log);
      return;
    case 'build': {
      // The package has what a build makes, and nothing to make it of.
      if (isPacked(root)) return;
      const hash = hashInputs(root, step);
      if (isUpToDate(root, step, hash)) return;
      clearStamp(root, step);
      await withProgress(step.title, log, step.run);
      writeStamp(root, step, hash);
    }
  }
}
