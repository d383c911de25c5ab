import { Command } from 'commander';
import type { TaskHubDescription } from '../../nats/hub-administration.js';
import { mostPartitions } from '../../wire/hub-record.js';
import { wholeNumber } from '../arguments.js';
import { CommandError, exitCodes, UsageError } from '../exit-codes.js';
import { examples, fieldsOf, tableOf, tell } from '../output.js';
import { harmless, timeText } from '../text.js';
import { connectionOf, onHub, type HubOptions } from './connection.js';

interface CreateOptions extends HubOptions {
  readonly partitions?: number;
  readonly replicas?: number;
}

interface DeleteOptions extends HubOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

/** Loaded when it is needed: other commands start faster without. */
const administration = () => import('../../nats/hub-administration.js');

/** `perdure hub create`, `show` and `delete`: a task hub as it is stored. */
export function storedHubCommands(): readonly Command[] {
  return [createCommand(), showCommand(), deleteCommand()];
}

function createCommand(): Command {
  return onHub(new Command('create'))
    .description('Create a task hub unless there is one, and print how it is stored.')
    .option(
      '--partitions <number>',
      'how many partitions, for good (default: those of connectTaskHub)',
      wholeNumber(1, mostPartitions),
    )
    .option('--replicas <number>', 'in how many copies the server keeps its streams (default: 1)', wholeNumber(1, 5))
    .addHelpText('after', examples('perdure hub create bank', 'perdure hub create bank --partitions 16 --replicas 3'))
    .action(async (name: string, options: CreateOptions) => {
      const { partitions, replicas } = options;
      const { createTaskHub } = await administration();
      const hub = await createTaskHub({ name, partitions, replicas, ...(await connectionOf(options)) });
      tell(options, hub, () => linesOf(hub));
    });
}

function showCommand(): Command {
  return onHub(new Command('show'))
    .description('Print how a task hub is stored: its partitions, its streams and the workers that live.')
    .addHelpText('after', examples('perdure hub show bank', 'perdure hub show bank --json'))
    .action(async (name: string, options: HubOptions) => {
      const { inspectTaskHub } = await administration();
      const hub = await inspectTaskHub({ name, ...(await connectionOf(options)) });
      tell(options, hub, () => linesOf(hub));
    });
}

function deleteCommand(): Command {
  return onHub(new Command('delete'))
    .description(
      'Delete a task hub with all that is stored of it: every instance, entity and message. It cannot be undone.',
    )
    .option('-y, --yes', 'it is meant: nothing is deleted without')
    .option('--force', 'also while workers live, which fail then')
    .addHelpText('after', examples('perdure hub delete bank-of-yesterday --yes'))
    .action(async (name: string, options: DeleteOptions) => {
      if (!options.yes) throw new UsageError(`All that is stored of task hub ${name} is deleted only with --yes.`);
      const { force } = options;
      const { deleteTaskHub } = await administration();
      if (!(await deleteTaskHub({ name, force, ...(await connectionOf(options)) })))
        throw new CommandError(exitCodes.notFound, `There is no task hub ${name}.`);
      tell(options, { hub: name, done: 'delete' }, () => [`Deleted: ${name}`]);
    });
}

function linesOf({ name, partitions, createdTime, workers, streams }: TaskHubDescription): readonly string[] {
  return [
    ...fieldsOf({
      hub: name,
      partitions: String(partitions),
      created: timeText(createdTime),
      workers: workers.length === 0 ? 'none' : workers.map(harmless).join(', '),
    }),
    ...tableOf(
      ['STREAM', 'MESSAGES', 'BYTES', 'REPLICAS'],
      streams.map((stream) => [stream.name, ...[stream.messages, stream.bytes, stream.replicas].map(String)]),
    ),
  ];
}
