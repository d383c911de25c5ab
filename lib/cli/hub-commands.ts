import { Command } from 'commander';
import type { PartitionStatus } from '../client/administration.js';
import { TaskHubClient } from '../client/task-hub-client.js';
import { connectTaskHub } from '../nats/task-hub.js';
import { examples, print } from './output.js';

interface HubOptions {
  readonly servers?: string;
  readonly folder?: string;
}

/** `perdure inspect`, `release` and `break-lock`: for people who operate a task hub. */
export function hubCommands(): readonly Command[] {
  const inspect = onHub(new Command('inspect'))
    .description('Print what each partition of a task hub looks like, and which instances are in quarantine.')
    .addHelpText('after', examples('perdure inspect bank', 'perdure inspect bank --servers nats://localhost:4222'))
    .action((hub: string, options: HubOptions) => withClient(hub, options, printAll));
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

function onHub(command: Command): Command {
  return command
    .argument('<hub>', 'the name of the task hub')
    .option('--servers <addresses>', 'the NATS server (default: NATS_URL, else the embedded server of the project)')
    .option('--folder <path>', "the embedded server's data folder (default: .perdure in the project)");
}

async function withClient(
  name: string,
  { servers = process.env['NATS_URL'], folder }: HubOptions,
  run: (client: TaskHubClient) => Promise<void>,
): Promise<void> {
  await using hub = await connectTaskHub({ name, servers, folder, timeoutInMilliseconds: 10_000 });
  await using client = new TaskHubClient(hub);
  await run(client);
}

async function printAll(client: TaskHubClient): Promise<void> {
  for (const status of await client.inspect()) print(lineOf(status));
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
