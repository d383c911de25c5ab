import { Command, InvalidArgumentError, Option } from 'commander';
import { hubPermissions, hubRoles, type HubRole } from '../../nats/permissions/hub-permissions.js';
import { serverConfiguration, userEntry, type UserKeys } from '../../nats/permissions/server-configuration.js';
import { mostPartitions } from '../../wire/hub-record.js';
import { wholeNumber } from '../arguments.js';
import { examples, JSON_OPTION, print } from '../output.js';
import { withConnection, withHub, type HubOptions } from './connection.js';
import { storedHubCommands } from './stored-hub-commands.js';

interface PermissionsOptions extends HubOptions {
  readonly role?: HubRole;
  readonly format: 'conf' | 'json';
  readonly partitions?: number;
  readonly userNkey?: UserKeys;
}

/** `perdure hub`: for who sets up servers. */
export function hubCommands(): Command {
  const hub = new Command('hub').description(
    'Create, show and delete task hubs, and say what servers have to know of one.',
  );
  for (const command of [...storedHubCommands(), permissionsCommand()]) hub.addCommand(command);
  return hub.addHelpText(
    'after',
    examples('perdure hub create bank --partitions 16', 'perdure hub permissions bank --partitions 8'),
  );
}

function permissionsCommand(): Command {
  return withConnection(new Command('permissions').argument('<hub>', 'the name of the task hub'))
    .addOption(new Option('--role <role>', 'only what this role may do').choices(hubRoles))
    .addOption(
      new Option('--format <format>', 'conf: for nats-server; json: for tools that make JWTs')
        .choices(['conf', 'json'])
        .default('conf'),
    )
    .option(JSON_OPTION[0], 'the same as --format json; errors, too, are JSON on the standard error')
    .option(
      '--partitions <number>',
      'how many partitions the hub has or will have (default: the server is asked)',
      wholeNumber(1, mostPartitions),
    )
    .option('--user-nkey <role=key>', 'the public key of a user, in place of a password; once per role', userKeys)
    .description(
      'Print a configuration of nats-server with accounts and users for the clients, workers, gateways and admins of a task hub. ' +
        'Each may do its work, and nothing else.',
    )
    .addHelpText(
      'after',
      examples(
        'perdure hub permissions bank --partitions 8 > bank.conf   # before the hub is made; in nats.conf: include ./bank.conf',
        'perdure hub permissions bank --server nats://localhost:4222 --role client --format json',
      ),
    )
    .action(async (hub: string, options: PermissionsOptions) => {
      const permissions = hubPermissions(
        hub,
        options.partitions ?? (await withHub(hub, options, ({ ports }) => Promise.resolve(ports.partitions))),
      );
      const { role, format, json, userNkey } = options;
      if (json || format === 'json') {
        const document = role ? { ...permissions, roles: { [role]: permissions.roles[role] } } : permissions;
        print(JSON.stringify(document, undefined, 2));
      } else
        print(role ? userEntry(permissions, role, userNkey) : serverConfiguration(permissions, userNkey).trimEnd());
    });
}

function userKeys(text: string, before: UserKeys = {}): UserKeys {
  const [role, key] = text.split('=') as [HubRole, string | undefined];
  if (hubRoles.includes(role) && key && /^U[A-Z2-7]{55}$/.test(key)) return { ...before, [role]: key };
  throw new InvalidArgumentError('It must be ROLE=KEY, with the public key of a user, which begins with U.');
}
