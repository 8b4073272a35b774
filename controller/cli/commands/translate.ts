import type { Configuration } from '../../configuration.ts';
import { compile, showStatus, SOME_MODULE } from '../../compile.ts';
import { loadOnce } from '../../provider/files/load-once.ts';
import { formatProblem } from '../../provider/format-problem.ts';
import { systemClock } from '../../runtime/clock.ts';
import { configDump } from '../../xds/config-dump.ts';
import { toPlainJson } from '../../runtime/plain-json.ts';
import type { Translation } from '../../translate.ts';
import { lower } from '../../xds/lower.ts';
import { EXIT } from '../exit-codes.ts';
import { givenConfiguration } from '../given-configuration.ts';
import { kubernetesTime } from '../../status/render.ts';
import { serialize } from '../print.ts';
import type { TranslateFlags } from '../program.ts';
import { withReadingNote } from '../reading-note.ts';
import { readStandardInput } from '../standard-input.ts';

/**
 * `sluice translate`: prints what manifests become on standard output, and what is wrong with them on standard error.
 * What is wrong is left out; the rest is printed in full. Resolves with the exit code.
 */
export async function translate(paths: readonly string[], flags: TranslateFlags): Promise<number> {
  const configuration = givenConfiguration('translate', flags.config);
  if (configuration === undefined) return EXIT.usage;
  const input = await readStandardInput(paths);
  const { problems, shown } = withReadingNote(() => {
    const loaded = loadOnce(paths, input);
    return { problems: loaded.problems, shown: show(compile(loaded, configuration), flags.to, configuration) };
  });
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  process.stdout.write(serialize(shown, flags.output));
  return problems.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.fine;
}

function show(translation: Translation, to: TranslateFlags['to'], { controllerName }: Configuration): unknown {
  switch (to) {
    case 'xds':
      return Object.fromEntries(
        [...translation.proxies].map(([key, { xds }]) => [key, configDump(lower(xds, SOME_MODULE))]),
      );
    case 'ir':
      return toPlainJson(translation.proxies);
    case 'status': {
      return showStatus(translation, { time: kubernetesTime(systemClock.now()), controllerName });
    }
    default:
      return to satisfies never;
  }
}
