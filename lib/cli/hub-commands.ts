import { Command } from 'commander';
import type { PartitionStatus } from '../client/administration.js';
import type { NameWithoutWorker } from '../client/names-without-worker.js';
import { TaskHubClient } from '../client/task-hub-client.js';
import { ConfigError } from '../errors.js';
import { connectExistingTaskHub } from '../nats/connect-task-hub.js';
import { linesOfEntity } from './entity-lines.js';
import { onHub, PATIENCE, type HubOptions } from './hub-options.js';
import { examples, print } from './output.js';

/** `perdure inspect`, `release` and `break-lock`: for people who operate a task hub. */
export function hubCommands(): readonly Command[] {
  const inspect = onHub(new Command('inspect'))
    .argument('[entity]', 'the name of an entity: what its owner knows of it is printed')
    .argument('[key]', 'its key')
    .description(
      'Print what each partition of a task hub looks like, which instances are in quarantine, and which names no worker has; ' +
        'or why an entity does not go on.',
    )
    .addHelpText('after', examples('perdure inspect bank', 'perdure inspect bank account alice'))
    .action((hub: string, entity: string | undefined, key: string | undefined, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        if (entity === undefined) return printAll(client);
        if (key === undefined) throw new ConfigError(`key: say which ${entity} is meant`);
        print(linesOfEntity(entity, key, await client.entities.inspect(entity, key)));
      }),
    );
  const release = onHub(new Command('release'))
    .argument('<instance>', 'the instance, as inspect and the log name it')
    .option('--discard', 'discard the message that it was to take next')
    .description('Let an instance out of quarantine.')
    .addHelpText('after', examples('perdure release bank e.account.alice --discard'))
    .action((hub: string, instance: string, options: HubOptions & { readonly discard?: boolean }) =>
      withClient(hub, options, async (client) => {
        const { discard } = options;
        print(
          (await client.release(instance, { discard })) ? `Released: ${instance}` : `Not in quarantine: ${instance}`,
        );
      }),
    );
  const breakLock = onHub(new Command('break-lock'))
    .argument('<entity>', "the entity's name")
    .argument('<key>', 'its key')
    .description('End the lock of an entity: whoever waits for it has its turn, and its holder has lost the lock.')
    .addHelpText('after', examples('perdure break-lock bank account alice'))
    .action((hub: string, entity: string, key: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        print(
          (await client.breakLock(entity, key))
            ? `Broken: the lock of ${entity} ${key}`
            : `Not locked: ${entity} ${key}`,
        );
      }),
    );
  return [inspect, release, breakLock];
}

/** Runs something with a client of a task hub that exists. */
export async function withClient(
  name: string,
  { servers = process.env['NATS_URL'], folder }: HubOptions,
  run: (client: TaskHubClient) => Promise<void>,
): Promise<void> {
  await using hub = await connectExistingTaskHub({ name, servers, folder, timeoutInMilliseconds: PATIENCE });
  await using client = new TaskHubClient(hub, { timeoutInMilliseconds: PATIENCE });
  await run(client);
}

async function printAll(client: TaskHubClient): Promise<void> {
  for (const status of await client.inspect()) print(lineOf(status));
  for (const name of (await client.namesWithoutWorker()).names) print(lineOfName(name));
}

function lineOfName({ kind, name, queue, waitingInstances: count }: NameWithoutWorker): string {
  const place = queue === undefined ? '' : ` in queue ${queue}`;
  const [one, many] = kind === 'activity' ? ['1 call waits', 'calls wait'] : ['1 instance waits', 'instances wait'];
  return `no worker has ${kind} ${name}${place}: ${count === 1 ? one : `${count} ${many}`}`;
}

function lineOf(status: PartitionStatus): string {
  if (status.worker === undefined) return `partition ${status.partition}: no worker owns it`;
  const { partition, worker, epoch, record, accepted, cursor, instances, deadLetters, quarantined, busy } = status;
  const { committedAt, waits = [], locked = [] } = status;
  const committed = committedAt === undefined ? 'none yet' : new Date(committedAt).toISOString();
  const lines = [
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
  return lines.join('\n');
}
