import { formatProblem } from '../../provider/format-problem.ts';
import { loadOnce } from '../../provider/files/load-once.ts';
import type { Problem } from '../../provider/provider.ts';
import { EXIT } from '../exit-codes.ts';
import { givenConfiguration } from '../given-configuration.ts';
import { findings } from '../findings.ts';
import { serialize } from '../print.ts';
import type { ValidateFlags } from '../program.ts';
import { withReadingNote } from '../reading-note.ts';
import { readStandardInput } from '../standard-input.ts';

/** `sluice validate`: prints each problem on a line of its own. Resolves with the exit code: 1 when there is an error. */
export async function validate(paths: readonly string[], flags: ValidateFlags): Promise<number> {
  const configuration = givenConfiguration('validate', flags.config);
  if (configuration === undefined) return EXIT.usage;
  const input = await readStandardInput(paths);
  const { problems, objects } = withReadingNote(() => {
    const loaded = loadOnce(paths, input);
    return { problems: findings(loaded, configuration), objects: loaded.resources.size };
  });
  process.stdout.write(flags.output === 'table' ? lines(problems) : serialize(problems.map(shown), flags.output));
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  process.stderr.write(
    problems.length === 0
      ? `${count(objects, 'object')} read, nothing is wrong\n`
      : `${count(errors, 'error')}, ${count(warnings, 'warning')}\n`,
  );
  return errors > 0 ? EXIT.findings : EXIT.fine;
}

function lines(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join('');
}

/** The document itself is not repeated. */
function shown({ object, ...problem }: Problem): object {
  if (object === undefined) return problem;
  const { kind, namespace, name } = object;
  return { ...problem, object: { kind, namespace, name } };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
