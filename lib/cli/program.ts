import { Command, Help, type Option } from 'commander';
import { completionCommand } from './completion-command.js';
import { entityCommands } from './entities/entity-commands.js';
import { funcCommands } from './functions/func-commands.js';
import { benchCommand } from './hubs/bench-command.js';
import { CONNECTION } from './hubs/connection.js';
import { doctorCommand } from './hubs/doctor-command.js';
import { hubCommands } from './hubs/hub-commands.js';
import { inspectCommands } from './hubs/inspect-commands.js';
import { controlCommands } from './instances/control-commands.js';
import { lookCommands } from './instances/look-commands.js';
import { purgeCommand } from './instances/purge-command.js';
import { replayCommand } from './instances/replay-command.js';
import { scheduleCommands } from './instances/schedule-commands.js';
import { startCommand } from './instances/start-command.js';
import { transferCommands } from './instances/transfer-commands.js';
import { watchCommand } from './instances/watch-command.js';
import { devCommand } from './projects/dev-command.js';
import { initCommands } from './projects/init-commands.js';
import { packageVersion } from './projects/package-version.js';
import { httpCommand } from './servers/http-command.js';
import { natsCommands } from './servers/nats-commands.js';
import { workerCommand } from './servers/worker-command.js';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 what was named is not there, 4 no answer, 5 what was waited for ended badly.

Examples:
  $ perdure dev                               # server, service and HTTP API of the project
  $ perdure start bank hello '"Tokyo"' --wait
  $ perdure list bank --status failed
  $ perdure COMMAND --help                    # what each command takes, with examples`;

/** Commands under the headings of the help. */
function groups(): readonly (readonly [heading: string, commands: readonly Command[]])[] {
  return [
    ['Projects:', [...initCommands(), devCommand()]],
    ['Servers:', [natsCommands(), workerCommand(), httpCommand(), funcCommands()]],
    [
      'Orchestration instances:',
      [
        startCommand(),
        ...lookCommands(),
        watchCommand(),
        ...controlCommands(),
        purgeCommand(),
        ...transferCommands(),
        replayCommand(),
      ],
    ],
    ['Entities:', [...entityCommands()]],
    ['Schedules:', [scheduleCommands()]],
    ['Task hubs:', [hubCommands(), ...inspectCommands(), doctorCommand(), benchCommand()]],
  ];
}

/** All of `perdure`. */
export function program(): Command {
  const root = new Command('perdure')
    .description('Durable orchestrations and entities on NATS JetStream.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES);
  for (const [heading, commands] of groups()) {
    root.commandsGroup(heading);
    for (const command of commands) root.addCommand(command.helpGroup(heading));
  }
  root.commandsGroup('Others:').addCommand(completionCommand(() => root).helpGroup('Others:'));
  for (const command of withSubcommands(root))
    command
      .exitOverride()
      .summary(firstSentence(command.description()))
      .configureHelp({ groupItems: inOrder })
      .configureOutput({ outputError: (text, write) => write(withoutValue(text)) });
  return root;
}

/** What is the same for all commands comes last. */
function inOrder<T extends Command | Option>(
  this: Help,
  all: T[],
  visible: T[],
  groupOf: (item: T) => string,
): Map<string, T[]> {
  const groups = Help.prototype.groupItems.call(this, all, visible, groupOf as never) as unknown as Map<string, T[]>;
  const connection = groups.get(CONNECTION);
  if (connection && groups.delete(CONNECTION)) groups.set(CONNECTION, connection);
  return groups;
}

function firstSentence(text: string): string {
  return text.replace(/(?:\.|[;:]) [^]*$/, '').replace(/\.$/, '');
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** A misspelt option may have been that of a secret, and a seed may stand where its key should. */
function withoutValue(text: string): string {
  return text.replace(/(unknown option '--?[\w-]+)=[^]*'/, "$1=...'").replace(/\bS[UAO][A-Z2-7]{56}\b/g, '...');
}
