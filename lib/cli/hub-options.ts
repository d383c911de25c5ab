import type { Command } from 'commander';

/** How long the server, and the owner of a partition, are waited for, in milliseconds. */
export const PATIENCE = 10_000;

/** Where the task hub of a command is. */
export interface HubOptions {
  readonly servers?: string;
  readonly folder?: string;
}

/** A command that is about a task hub. */
export function onHub(command: Command): Command {
  return command
    .argument('<hub>', 'the name of the task hub')
    .option('--servers <addresses>', 'the NATS server (default: NATS_URL, else the embedded server of the project)')
    .option('--folder <path>', "the embedded server's data folder (default: .perdure in the project)");
}
