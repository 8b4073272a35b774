import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '#controller/cli/program.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { formatProblem } from '#controller/provider/format-problem.ts';
import { ROOT } from '#deploy/setup/node24.mjs';

/** Documents that people read; what a run has written of itself is not among them. */
const DOCUMENTS = [
  'README.md',
  'deploy/docs/*.md',
  'deploy/examples/*/README.md',
  'test/README.md',
  'test/cluster/README.md',
]
  .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  .sort();

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gmu)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The command that words on a command line lead to, and the words that follow it. */
function commandOf(program: Command, words: readonly string[]): { readonly command: Command; readonly rest: string[] } {
  const [first, ...rest] = words;
  const command = program.commands.find((one) => one.name() === first);
  return command === undefined ? { command: program, rest: [...words] } : commandOf(command, rest);
}

/** What is wrong with a command line of `sluice`: a command or flags that there are not. */
function wrongWith(line: string): readonly string[] {
  const words = line.split(/\s+/u).filter((word) => word !== '');
  const { command, rest } = commandOf(createProgram('0'), words);
  const takesMore = command.registeredArguments.length > 0;
  const known = new Set(['--help', '-h', ...command.options.flatMap(({ long, short }) => [long, short])]);
  const flags = rest.filter((word) => /^--?[a-z]/u.test(word)).map((word) => word.split('=')[0] ?? '');
  return [
    ...(takesMore || rest[0] === undefined || rest[0].startsWith('-') ? [] : [`no command ${rest[0]}`]),
    ...flags.filter((flag) => !known.has(flag)).map((flag) => `${command.name()} has no ${flag}`),
  ];
}

describe.each(DOCUMENTS)('%s', (path) => {
  const text = textOf(path);

  it('links to what is there', () => {
    const broken = [...text.matchAll(/\]\((?<to>[^)\s]+)\)/gu)].flatMap(({ groups: { to = '' } = {} }) => {
      if (/^(?:https?|mailto):/u.test(to)) return [];
      const [file = '', anchor] = to.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return [to];
      return anchor === undefined || anchorsOf(textOf(target)).includes(anchor) ? [] : [to];
    });
    expect(broken).toEqual([]);
  });

  it('names scripts that there are', () => {
    const { scripts }: { readonly scripts: { readonly [name: string]: string } } = JSON.parse(textOf('package.json'));
    const named = [...text.matchAll(/npm run (?<name>[a-z:]+)/gu)].map(({ groups: { name = '' } = {} }) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('has commands that sluice takes', () => {
    const lines = [...text.matchAll(/^npx sluice (?<line>[^#|\n]*)/gmu)].map(({ groups: { line = '' } = {} }) => line);
    expect(lines.flatMap(wrongWith)).toEqual([]);
  });
});

describe.each(DOCUMENTS.filter((path) => !path.startsWith('test/')))('%s', (path) => {
  it('has manifests that are valid', () => {
    const manifests = [...textOf(path).matchAll(/^```yaml\n(?<yaml>[^]*?)^```/gmu)]
      .map(({ groups: { yaml = '' } = {} }) => yaml)
      .filter((yaml) => /^apiVersion:/mu.test(yaml) && !yaml.includes('kind: EnvoyGateway'));
    expect(
      manifests.flatMap((yaml) => loadOnce(['-'], { stdin: Buffer.from(yaml) }).problems.map(formatProblem)),
    ).toEqual([]);
  });
});

describe('deploy/docs/settings.md', () => {
  it('has every metric of the controller, and no other', () => {
    const names = (source: string): readonly string[] =>
      [...new Set([...source.matchAll(/\bsluice_[a-z]+(?:_[a-z]+)*/gu)].map(([name]) => name))].sort();
    expect(names(textOf('deploy/docs/settings.md'))).toEqual(names(textOf('controller/runtime/metrics.ts')));
  });
});
