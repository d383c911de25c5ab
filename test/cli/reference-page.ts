import type { Argument, Command, Option } from 'commander';
import { format } from 'prettier';
import { program } from '../../lib/cli/program.js';

const CONNECTION = 'Connection:';

/** The page that tells of every command and option: what `--help` says, in one place. */
export function referencePage(): Promise<string> {
  const root = program();
  const connecting = root.commands.flatMap(leaves).find((command) => optionsOf(command, true).length > 0)!;
  const parts = [
    '# Commands and options',
    'What `perdure COMMAND --help` says, of all commands. [The command line](../guide/command-line.md) tells what they are for, what ' +
      'exit codes and `--json` mean, and where a hub is looked for.',
  ];
  let heading = '';
  for (const command of root.commands) {
    if (command.helpGroup() !== heading) parts.push(`## ${(heading = command.helpGroup()).replace(/:$/, '')}`);
    parts.push(...leaves(command).flatMap(sectionOf));
  }
  parts.push(
    '## Connection',
    'Of all commands that reach a task hub:',
    listOf(optionsOf(connecting, true).map(lineOf)),
  );
  return format(parts.join('\n\n'), { parser: 'markdown', printWidth: 120 });
}

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** Those of the connection, or all others. */
function optionsOf(command: Command, ofConnection: boolean): readonly Option[] {
  return command.options.filter(
    ({ hidden, helpGroupHeading }) => !hidden && (helpGroupHeading === CONNECTION) === ofConnection,
  );
}

function sectionOf(command: Command): readonly string[] {
  const path: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) path.unshift(at.name());
  const { registeredArguments } = command;
  const connects = optionsOf(command, true).length > 0 ? ' Takes the options of a [connection](#connection), too.' : '';
  const lines = [...registeredArguments.map(argumentLine), ...optionsOf(command, false).map(lineOf)];
  return [
    `### ${path.join(' ')}`,
    `\`${[...path, ...registeredArguments.map(spelt)].join(' ')}\``,
    `${command.description()}${connects}`,
    listOf(lines),
  ];
}

const listOf = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

function spelt(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const argumentLine = (argument: Argument): string => `\`${spelt(argument)}\`: ${described(argument)}`;
const lineOf = (option: Option): string => `\`${option.flags}\`: ${described(option)}`;

function described({ description, argChoices, defaultValue, defaultValueDescription }: Argument | Option): string {
  const choices = argChoices ? `. One of ${argChoices.map((choice) => `\`${choice}\``).join(', ')}` : '';
  const isTold = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  const value = defaultValueDescription ?? (isTold ? `\`${defaultValue}\`` : undefined);
  return `${description}${choices}${value === undefined ? '' : ` (default: ${value})`}`;
}
