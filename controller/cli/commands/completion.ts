import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { SHELLS } from '../program.ts';

/** `sluice completion`: prints a script that makes a shell complete commands and flags. Gives the exit code. */
export function completion(program: Command, shell: string): number {
  const script = scriptOf(wordsOf(program), shell);
  if (script === undefined) {
    process.stderr.write(`sluice completion: found ${shell}, accepted is ${SHELLS.join(', ')}\n`);
    return EXIT.usage;
  }
  process.stdout.write(script);
  return EXIT.fine;
}

/** The words that may follow each command; paths may follow as well. */
interface Words {
  readonly commands: readonly {
    readonly name: string;
    readonly description: string;
    readonly flags: readonly string[];
  }[];
}

function wordsOf(program: Command): Words {
  return {
    commands: program.commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      flags: [...command.options.flatMap(({ long }) => (long === undefined ? [] : [long])), '--help'],
    })),
  };
}

function scriptOf(words: Words, shell: string): string | undefined {
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      return `#compdef sluice\nautoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
    case 'fish':
      return fish(words);
    default:
      return undefined;
  }
}

function bash({ commands }: Words): string {
  const cases = commands.map(({ name, flags }) => `    ${name}) words="${flags.join(' ')}" ;;`).join('\n');
  return `_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
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
    .flatMap(({ name, description, flags }) => [
      `complete -c sluice -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", '’')}'`,
      ...flags.map(
        (flag) => `complete -c sluice -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/u, '')}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
