import { Command } from 'commander';
import type { PartitionStatus } from '../../client/administration.js';
import type { NameWithoutWorker } from '../../client/names-without-worker.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { examples, tell } from '../output.js';
import { harmless } from '../text.js';
import { onHub, withClient, type HubOptions } from './connection.js';
import { linesOfEntity } from './entity-lines.js';

/** `perdure inspect`, `release` and `break-lock`: for people who operate a task hub. */
export function inspectCommands(): readonly Command[] {
  return [inspectCommand(), releaseCommand(), breakLockCommand()];
}

function inspectCommand(): Command {
  return onHub(new Command('inspect'))
    .argument('[instance]', 'an orchestration instance, or the name of an entity: why it does not go on is printed')
    .argument('[key]', 'the key of the entity')
    .description(
      'Print what each partition of a task hub looks like, which instances are in quarantine, and which names no worker has; ' +
        'or why an instance or an entity does not go on.',
    )
    .addHelpText(
      'after',
      examples('perdure inspect bank', 'perdure inspect bank order-17', 'perdure inspect bank account alice'),
    )
    .action((hub: string, name: string | undefined, key: string | undefined, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        if (name === undefined) return inspectHub(client, options);
        const { inspectInstance } = await import('./instance-diagnosis.js'); // other commands start faster without
        return key === undefined ? inspectInstance(client, name, options) : inspectEntity(client, name, key, options);
      }),
    );
}

async function inspectHub(client: TaskHubClient, options: HubOptions): Promise<void> {
  const [partitions, namesWithoutWorker] = await Promise.all([client.inspect(), client.namesWithoutWorker()]);
  tell(options, { partitions, namesWithoutWorker }, () =>
    [...partitions.flatMap(linesOf), ...namesWithoutWorker.names.map(lineOfName)].map(harmless),
  );
}

async function inspectEntity(client: TaskHubClient, entity: string, key: string, options: HubOptions): Promise<void> {
  const status = await client.entities.inspect(entity, key);
  tell(options, status, () => linesOfEntity(entity, key, status));
}

function releaseCommand(): Command {
  return onHub(new Command('release'))
    .argument('<instance>', 'the instance, as inspect and the log name it')
    .option('--discard', 'discard the message that it was to take next')
    .description('Let an instance out of quarantine.')
    .addHelpText('after', examples('perdure release bank e.account.alice --discard'))
    .action((hub: string, instance: string, options: HubOptions & { readonly discard?: boolean }) =>
      withClient(hub, options, async (client) => {
        const { discard } = options;
        const isReleased = await client.release(instance, { discard });
        tell(options, { instance, released: isReleased }, () => [
          harmless(isReleased ? `Released: ${instance}` : `Not in quarantine: ${instance}`),
        ]);
      }),
    );
}

function breakLockCommand(): Command {
  return onHub(new Command('break-lock'))
    .argument('<entity>', "the entity's name")
    .argument('<key>', 'its key')
    .description('End the lock of an entity: whoever waits for it has its turn, and its holder has lost the lock.')
    .addHelpText('after', examples('perdure break-lock bank account alice'))
    .action((hub: string, entity: string, key: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const isBroken = await client.breakLock(entity, key);
        tell(options, { entity, key, broken: isBroken }, () => [
          harmless(isBroken ? `Broken: the lock of ${entity} ${key}` : `Not locked: ${entity} ${key}`),
        ]);
      }),
    );
}

function lineOfName({ kind, name, queue, waitingInstances: count }: NameWithoutWorker): string {
  const place = queue === undefined ? '' : ` in queue ${queue}`;
  const [one, many] = kind === 'activity' ? ['1 call waits', 'calls wait'] : ['1 instance waits', 'instances wait'];
  return `no worker has ${kind} ${name}${place}: ${count === 1 ? one : `${count} ${many}`}`;
}

function linesOf(status: PartitionStatus): readonly string[] {
  if (status.worker === undefined) return [`partition ${status.partition}: no worker owns it`];
  const { partition, worker, epoch, record, accepted, cursor, instances, deadLetters, quarantined, busy } = status;
  const { committedAt, waits = [], locked = [] } = status;
  const committed = committedAt === undefined ? 'none yet' : new Date(committedAt).toISOString();
  return [
    `partition ${partition}: ${worker}, epoch ${epoch}, record ${record}, mail ${cursor} of ${accepted}, ` +
      `${instances} instances in memory, ${deadLetters} dead letters`,
    `  last commit: ${committed}`,
    ...waits.map(
      ({ name, since, instance }) =>
        `  waits: ${name}${instance === undefined ? '' : ` (${instance})`} since ${new Date(since).toISOString()}`,
    ),
    ...busy.map((address) => `  busy: ${address}`),
    ...locked.map(
      ({ address, lockedBy, since, until, waiting, waiters }) =>
        `  locked: ${address} by ${lockedBy} since ${new Date(since).toISOString()} until ${new Date(until).toISOString()}, ` +
        `${waiting} messages wait${waiters.length > 0 ? `, to lock it: ${waiters.join(', ')}` : ''}`,
    ),
    ...quarantined.map(
      ({ address, since, waiting }) =>
        `  in quarantine: ${address} since ${new Date(since).toISOString()}, ${waiting} messages wait`,
    ),
  ];
}
