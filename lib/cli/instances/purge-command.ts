import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import type { PurgeFilter } from '../../client/purge-filter.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { UsageError } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, tell } from '../output.js';
import { Progress } from '../progress.js';
import { harmless } from '../text.js';
import { filterOf, isFiltered, withFilter, type FilterOptions } from './filter-options.js';

interface Options extends HubOptions, FilterOptions {
  readonly recursive: boolean;
  readonly all?: boolean;
  readonly yes?: boolean;
}

const ends = ['Completed', 'Failed', 'Terminated', 'Canceled'] as const;

/** `perdure purge`. */
export function purgeCommand(): Command {
  return withFilter(onHub(new Command('purge')))
    .description(
      'Remove all that is stored of an instance that has ended, or of all that have ended and fit what is given. Those that ' +
        'have not ended are left alone.',
    )
    .argument('[instance]', 'the id of one')
    .option('--all', 'all that have ended')
    .option('--no-recursive', 'leave their sub-orchestrations alone')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'perdure purge bank order-17',
        'perdure purge bank --status completed --updated-to 30d --yes',
        'perdure purge bank --all --yes --json',
      ),
    )
    .action((hub: string, instance: string | undefined, options: Options) =>
      withClient(hub, options, (client) =>
        instance === undefined ? purgeMany(client, options) : purgeOne(client, instance, options),
      ),
    );
}

async function purgeOne(client: TaskHubClient, instance: string, options: Options): Promise<void> {
  if (options.all || isFiltered(options)) throw new UsageError('Give an instance, or say which ones: not both.');
  await client.purge(instance, { recursive: options.recursive });
  tell(options, { purged: 1 }, () => [`Purged: ${harmless(instance)}`]);
}

async function purgeMany(client: TaskHubClient, options: Options): Promise<void> {
  if (!options.all && !isFiltered(options))
    throw new UsageError('Say which: an instance, a filter such as --status completed, or --all.');
  const filter = { ...filterOf(options), recursive: options.recursive } as PurgeFilter; // other states are refused
  if (!options.yes && !(await isConfirmed(client, options))) return;
  const purged = await purgeAll(client, filter);
  tell(options, { purged }, () => [`Purged: ${purged}`]);
}

async function purgeAll(client: TaskHubClient, filter: PurgeFilter): Promise<number> {
  using progress = new Progress('Purge');
  return await client.purgeInstances(filter, { onProgress: () => progress.add() });
}

async function isConfirmed(client: TaskHubClient, options: Options): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('Many instances are purged without a question only with --yes.');
  const filter = filterOf(options);
  const { total } = await client.countInstances({ ...filter, runtimeStatus: filter.runtimeStatus ?? ends });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Purge ${total} instances of task hub ${client.taskHubName}? [y/N] `);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
