import { Command } from 'commander';
import type { OrchestrationStatus } from '../../client/orchestration-status.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { wholeNumber } from '../arguments.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, note, tableOf, tell } from '../output.js';
import { paintStatus } from '../paint.js';
import { harmless, timeText, valueText } from '../text.js';
import { filterOf, withFilter, type FilterOptions } from './filter-options.js';
import { linesOfStatus } from './status-lines.js';
import { timelineOf } from './timeline.js';

interface ListOptions extends HubOptions, FilterOptions {
  readonly limit: number;
  readonly from?: string;
  readonly all?: boolean;
  readonly count?: boolean;
  readonly values?: boolean;
}

/** `perdure list`, `status` and `history`. */
export function lookCommands(): readonly Command[] {
  return [listCommand(), statusCommand(), historyCommand()];
}

function listCommand(): Command {
  return withFilter(onHub(new Command('list')))
    .description('List the orchestration instances of a task hub that fit all that is given, as their views show them.')
    .option('--limit <number>', 'so many at most', wholeNumber(1, 1_000), 50)
    .option('--from <token>', 'go on where a list ended, with what it printed there')
    .option('--all', 'all of them')
    .option('--count', 'how many there are, in all and by state')
    .option('--values', 'with inputs and outputs')
    .addHelpText(
      'after',
      examples(
        'perdure list bank',
        'perdure list bank --status failed --updated-from 2h',
        'perdure list bank --tag customer=alice --json',
        'perdure list bank --orchestrator transfer --count',
      ),
    )
    .action((hub: string, options: ListOptions) =>
      withClient(hub, options, (client) => (options.count ? count(client, options) : list(client, options))),
    );
}

async function count(client: TaskHubClient, options: ListOptions): Promise<void> {
  const counts = await client.countInstances(filterOf(options));
  const rows = Object.entries(counts.byRuntimeStatus).map(([status, each]) => [status, String(each)]);
  tell(options, counts, () => tableOf(['STATUS', 'INSTANCES'], [...rows, ['all', String(counts.total)]]));
}

async function list(client: TaskHubClient, options: ListOptions): Promise<void> {
  const { limit: pageSize, from: continuationToken, all, values: fetchInputsAndOutputs } = options;
  const how = { fetchInputsAndOutputs };
  const page = all
    ? { instances: await allOf(client.allInstances(filterOf(options), how)), continuationToken: undefined }
    : await client.listInstances(filterOf(options), { ...how, pageSize, continuationToken });
  tell(options, page, () => tableOfInstances(page.instances, fetchInputsAndOutputs === true));
  if (options.json) return;
  if (page.instances.length === 0) note('There are none.');
  else if (page.continuationToken !== undefined) note(`There may be more: --from ${page.continuationToken}`);
}

async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function tableOfInstances(instances: readonly OrchestrationStatus[], withValues: boolean): readonly string[] {
  const titles = ['INSTANCE', 'ORCHESTRATOR', 'STATUS', 'CREATED', 'UPDATED'];
  const rows = instances.map((instance) => [
    harmless(instance.instanceId),
    harmless(instance.name),
    paintStatus(instance.runtimeStatus),
    timeText(instance.createdTime),
    timeText(instance.lastUpdatedTime),
    ...(withValues ? [valueText(instance.input), valueText(instance.output)] : []),
    detailOf(instance),
  ]);
  return tableOf([...titles, ...(withValues ? ['INPUT', 'OUTPUT'] : []), ''], rows);
}

/** What people look for first: why it failed, or what it says of itself. */
function detailOf({ failure, reason, customStatus }: OrchestrationStatus): string {
  if (failure) return harmless(`${failure.name}: ${failure.message}`);
  return reason === undefined ? valueText(customStatus) : harmless(reason);
}

function statusCommand(): Command {
  return onHub(new Command('status'))
    .description('Print how an orchestration instance stands.')
    .argument('<instance>', 'its id')
    .addHelpText('after', examples('perdure status bank order-17', 'perdure status bank order-17 --json'))
    .action((hub: string, instance: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const status = await client.getHandle(instance).status();
        tell(options, status, () => linesOfStatus(status));
      }),
    );
}

function historyCommand(): Command {
  return onHub(new Command('history'))
    .description(
      'Print what the current execution of an instance has lived through: when, how long it took, and what called what. ' +
        '#N is the number of an action. With --json the events as they are stored, which "perdure replay" takes.',
    )
    .argument('<instance>', 'its id')
    .addHelpText(
      'after',
      examples('perdure history bank order-17', 'perdure history bank order-17 --json > order-17.json'),
    )
    .action((hub: string, instance: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const history = await client.getHandle(instance).history();
        tell(options, { instanceId: instance, history }, () => timelineOf(history));
      }),
    );
}
