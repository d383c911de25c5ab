#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { PerdureError } from '../errors.js';
import { doctorCommand } from './doctor-command.js';
import { httpCommand } from './http-command.js';
import { hubCommands } from './hub-commands.js';
import { natsCommands } from './nats-commands.js';
import { workerCommand } from './worker-command.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
async function main(args: readonly string[]): Promise<number> {
  const program = new Command('perdure')
    .description('Durable orchestrations and entities on NATS JetStream.')
    .addCommand(natsCommands())
    .addCommand(workerCommand())
    .addCommand(httpCommand())
    .addHelpText('after', '\nExample:\n  $ perdure nats start      a local server for all services of the project');
  for (const command of [...hubCommands(), doctorCommand()]) program.addCommand(command);
  for (const command of withSubcommands(program)) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof PerdureError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return 1;
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

// Whoever reads the output may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
