import { Argument, Command } from 'commander';
import { examples, print } from './output.js';

/** What can follow the words of a command. */
interface Words {
  /** The words before, such as `schedule create`; empty: nothing. */
  readonly path: string;
  readonly words: readonly string[];
}

/** `perdure completion`. */
export function completionCommand(root: () => Command): Command {
  return new Command('completion')
    .description('Print a script that makes a shell complete commands and options.')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh']))
    .addHelpText(
      'after',
      examples('source <(perdure completion bash)', 'perdure completion zsh > "${fpath[1]}/_perdure"'),
    )
    .action((shell: string) => print(shell === 'bash' ? bash(wordsOf(root())) : zsh(wordsOf(root()))));
}

function wordsOf(command: Command, before: readonly string[] = []): readonly Words[] {
  const names = command.commands.map((each) => each.name());
  const help = command.createHelp();
  const options = help.visibleOptions(command).map(({ long }) => long ?? '');
  const own = { path: before.join(' '), words: [...names, ...options].filter((word) => word !== '') };
  return [own, ...command.commands.flatMap((each) => wordsOf(each, [...before, each.name()]))];
}

/** The words so far without options; the longest command that they begin with tells what may follow. */
function cases(all: readonly Words[], variable: string): string {
  const longestFirst = all.toSorted((a, b) => b.path.split(' ').length - a.path.split(' ').length);
  return longestFirst
    .map(({ path, words }) => `    ${path === '' ? '*' : `'${path} '*`}) ${variable}='${words.join(' ')}' ;;`)
    .toSorted((a, b) => Number(a.startsWith('    *')) - Number(b.startsWith('    *')))
    .join('\n');
}

function bash(all: readonly Words[]): string {
  return `_perdure() {
  local current=\${COMP_WORDS[COMP_CWORD]} said='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || said+="$word "
  done
  case "$said" in
${cases(all, 'words')}
  esac
  [[ $current == -* || -z $said || $words != --* ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || compopt -o default
}
complete -F _perdure perdure`;
}

function zsh(all: readonly Words[]): string {
  return `#compdef perdure
_perdure() {
  local current=\${words[CURRENT]} said='' word candidates
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] || said+="$word "
  done
  case "$said" in
${cases(all, 'candidates')}
  esac
  if [[ $current == -* || -z $said || $candidates != --* ]]; then compadd -- \${=candidates}; else _files; fi
}
if [[ $funcstack[1] == _perdure ]]; then _perdure "$@"; else compdef _perdure perdure; fi`;
}
