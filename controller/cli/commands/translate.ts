import { stringify } from 'yaml';
import { compile, showStatus, showXds } from '../../compile.ts';
import { loadOnce } from '../../provider/files/load-once.ts';
import { formatProblem } from '../../provider/format-problem.ts';
import { systemClock } from '../../runtime/clock.ts';
import { CONTROLLER_NAME } from '../../settings.ts';
import type { Translation } from '../../translate.ts';
import { EXIT } from '../exit-codes.ts';
import type { TranslateFlags } from '../program.ts';
import { readStandardInput } from '../standard-input.ts';

/**
 * `sluice translate`: prints what manifests become on standard output, and what is wrong with them on standard error.
 * What is wrong is left out; the rest is printed in full. Resolves with the exit code.
 */
export async function translate(paths: readonly string[], flags: TranslateFlags): Promise<number> {
  const loaded = loadOnce(paths, await readStandardInput(paths));
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  const shown = toPlain(show(compile(loaded), flags.to));
  const text = flags.output === 'json' ? `${JSON.stringify(shown, undefined, 2)}\n` : stringify(shown, YAML_STYLE);
  process.stdout.write(text);
  return loaded.problems.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.fine;
}

const YAML_STYLE = { aliasDuplicateObjects: false, lineWidth: 0 } as const;

function show(translation: Translation, to: TranslateFlags['to']): unknown {
  switch (to) {
    case 'xds':
      return showXds(translation);
    case 'ir':
      return Object.fromEntries(translation.proxies);
    case 'status': {
      const time = new Date(systemClock.now()).toISOString();
      return showStatus(translation, { time, controllerName: CONTROLLER_NAME });
    }
    default:
      return to satisfies never;
  }
}

/** Turns maps into objects and bytes into base64: JSON has neither. */
function toPlain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) => {
      if (member instanceof Map) return Object.fromEntries(member);
      return member instanceof Uint8Array ? Buffer.from(member).toString('base64') : member;
    }),
  );
}
