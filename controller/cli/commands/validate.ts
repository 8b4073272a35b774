import { formatProblem } from '../../provider/format-problem.ts';
import { loadOnce } from '../../provider/files/load-once.ts';
import { EXIT } from '../exit-codes.ts';
import { readStandardInput } from '../standard-input.ts';

/** `sluice validate`: prints each problem on a line of its own. Resolves with the exit code: 1 when there is an error. */
export async function validate(paths: readonly string[]): Promise<number> {
  const { problems } = loadOnce(paths, await readStandardInput(paths));
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  return problems.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.fine;
}
