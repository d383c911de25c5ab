import { Command } from 'commander';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { JSON_HELP, jsonOf } from '../arguments.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, tell } from '../output.js';
import { harmless } from '../text.js';

interface Options extends HubOptions {
  readonly reason?: string;
  readonly recursive?: boolean;
  readonly output?: unknown;
  readonly newId?: string | true;
}

/** How a request is said, and what is told when it is committed. */
interface Control {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  /** Whether sub-orchestrations are meant too, unless it is said; undefined: they never are. */
  readonly recursive?: boolean;
  readonly done: string;
  readonly ask: (client: TaskHubClient, instance: string, options: Options) => Promise<void>;
}

const controls: readonly Control[] = [
  {
    name: 'suspend',
    description: 'Suspend an instance: what comes for it is kept until it is resumed.',
    example: 'perdure suspend bank order-17 --reason "the shop is closed"',
    recursive: false,
    done: 'Suspended',
    ask: (client, instance, { reason, recursive }) => client.suspend(instance, reason, { recursive }),
  },
  {
    name: 'resume',
    description: 'Let a suspended instance go on.',
    example: 'perdure resume bank order-17',
    recursive: false,
    done: 'Resumed',
    ask: (client, instance, { reason, recursive }) => client.resume(instance, reason, { recursive }),
  },
  {
    name: 'cancel',
    description: 'Ask an instance to clean up and end.',
    example: 'perdure cancel bank order-17 --reason "the customer has left"',
    recursive: true,
    done: 'Asked to cancel',
    ask: (client, instance, { reason, recursive }) => client.cancel(instance, reason, { recursive }),
  },
  {
    name: 'terminate',
    description: 'End an instance at once; nothing of its code runs any more.',
    example: `perdure terminate bank order-17 --reason "entered twice" --output '{"paid":false}'`,
    recursive: true,
    done: 'Terminated',
    ask: (client, instance, { reason, recursive, output }) => client.terminate(instance, output, { reason, recursive }),
  },
  {
    name: 'rewind',
    description: 'Let a failed instance go on as if what ended it had not failed.',
    example: 'perdure rewind bank order-17 --reason "the mail server is up again"',
    done: 'Rewound',
    ask: (client, instance, { reason }) => client.rewind(instance, reason),
  },
];

/** `perdure raise`, `suspend`, `resume`, `cancel`, `terminate`, `rewind` and `restart`. */
export function controlCommands(): readonly Command[] {
  return [raiseCommand(), ...controls.map(controlCommand), restartCommand()];
}

function controlCommand({ name, description, example, recursive, done, ask }: Control): Command {
  const command = onHub(new Command(name))
    .description(description)
    .argument('<instance>', 'its id')
    .option('--reason <text>', 'why, for whoever looks at its status')
    .addHelpText('after', examples(example));
  if (recursive === true) command.option('--no-recursive', 'leave its sub-orchestrations alone');
  if (recursive === false) command.option('--recursive', 'its sub-orchestrations, too');
  if (name === 'terminate') command.option('--output <json>', 'what it is to have returned', jsonOf);
  return command.action((hub: string, instance: string, options: Options) =>
    withClient(hub, options, async (client) => {
      await ask(client, instance, options);
      tell(options, { instanceId: instance, done: name }, () => [`${done}: ${harmless(instance)}`]);
    }),
  );
}

function raiseCommand(): Command {
  return onHub(new Command('raise'))
    .description('Raise an external event of an instance. One that has ended ignores it.')
    .argument('<instance>', 'its id')
    .argument('<event>', "the event's name")
    .argument('[data]', JSON_HELP, jsonOf)
    .addHelpText(
      'after',
      examples('perdure raise bank order-17 Approved true', 'perdure raise bank order-17 Files @files.json'),
    )
    .action((hub: string, instance: string, event: string, data: unknown, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const isTaken = await client.raiseEvent(instance, event, data);
        tell(options, { instanceId: instance, event, accepted: isTaken }, () => [
          isTaken ? `Raised: ${harmless(event)}` : `Ignored: ${harmless(instance)} has ended`,
        ]);
      }),
    );
}

function restartCommand(): Command {
  return onHub(new Command('restart'))
    .description('Start an instance again with its input, once it has ended; or another one beside it.')
    .argument('<instance>', 'its id')
    .option('--new-id [id]', 'as another instance, of this id or a new one')
    .addHelpText('after', examples('perdure restart bank order-17', 'perdure restart bank order-17 --new-id order-18'))
    .action((hub: string, instance: string, options: Options) =>
      withClient(hub, options, async (client) => {
        const { instanceId, runId } = await client.restart(instance, { newInstanceId: options.newId ?? false });
        tell(options, { instanceId, ...(runId !== undefined && { runId }) }, () => [
          `Restarted: ${harmless(instanceId)}`,
        ]);
      }),
    );
}
