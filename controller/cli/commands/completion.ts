import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { Shell } from '../program.ts';

/** `sluice completion`: prints a script that makes a shell complete commands and flags. Gives the exit code. */
export function completion(program: Command, shell: Shell): number {
  process.stdout.write(scriptOf(wordsOf(program), shell));
  return EXIT.fine;
}

/** The words that may follow each command; paths may follow as well. */
interface Words {
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    /** What comes after it before anything else: "run" of "processor run", "bash" of "completion bash". */
    readonly subcommands: readonly string[];
    /** Its own, and those of its subcommands. */
    readonly flags: readonly string[];
    /** The values that flags take, where they are few: "--to" and "xds ir status". */
    readonly choices: ReadonlyMap<string, readonly string[]>;
  }[];
}

function wordsOf(program: Command): Words {
  return {
    commands: program.commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      subcommands: [
        ...command.commands.map((subcommand) => subcommand.name()),
        ...(command.registeredArguments[0]?.argChoices ?? []),
      ],
      flags: [...new Set([...[command, ...command.commands].flatMap(flagsOf), '--help'])],
      choices: new Map([command, ...command.commands].flatMap(choicesOf)),
    })),
  };
}

function flagsOf({ options }: Command): readonly string[] {
  return options.flatMap(({ long }) => (long === undefined ? [] : [long]));
}

function choicesOf({ options }: Command): readonly (readonly [flag: string, values: readonly string[]])[] {
  return options.flatMap(({ long, short, argChoices = [] }) =>
    argChoices.length === 0
      ? []
      : [long, short].flatMap((flag) => (typeof flag === 'string' ? [[flag, argChoices] as const] : [])),
  );
}

function scriptOf(words: Words, shell: Shell): string {
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      return `#compdef sluice\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
    case 'fish':
      return fish(words);
    default:
      return shell satisfies never;
  }
}

function bash({ commands }: Words): string {
  const cases = commands
    .map(
      ({ name, subcommands, flags }) =>
        `    ${name}) words="${flags.join(' ')}" subcommands="${subcommands.join(' ')}" ;;`,
    )
    .join('\n');
  const values = commands
    .flatMap(({ name, choices }) =>
      [...choices].map(([flag, some]) => `    "${name} ${flag}") values="${some.join(' ')}" ;;`),
    )
    .join('\n');
  return `_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words subcommands values=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" subcommands="" ;;
  esac
  if [ "$COMP_CWORD" -eq 2 ] && [ -n "$subcommands" ]; then
    COMPREPLY=($(compgen -W "$subcommands" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${values}
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _sluice sluice
`;
}

function fish({ commands }: Words): string {
  return commands
    .flatMap(({ name, description, subcommands, flags, choices }) => [
      `complete -c sluice -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", '’')}'`,
      ...subcommands.map(
        (subcommand) => `complete -c sluice -f -n '__fish_seen_subcommand_from ${name}' -a ${subcommand}`,
      ),
      ...flags.map(
        (flag) =>
          `complete -c sluice -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/u, '')}${fishValues(choices.get(flag))}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function fishValues(values: readonly string[] | undefined): string {
  return values === undefined ? '' : ` -x -a '${values.join(' ')}'`;
}
