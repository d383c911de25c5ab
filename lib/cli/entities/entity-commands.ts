import { Command } from 'commander';
import type { EntityStateResponse } from '../../client/entities.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { futureOf, JSON_HELP, jsonOf, pastOf, wholeNumber } from '../arguments.js';
import { CommandError, exitCodes } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, note, print, tableOf, tell, tellOne } from '../output.js';
import { paint } from '../paint.js';
import { harmless, timeText, valueText } from '../text.js';

interface StateOptions extends HubOptions {
  readonly asOf?: Date | number;
  readonly watch?: boolean;
  readonly changes?: boolean;
}

interface ListOptions extends HubOptions {
  readonly entity?: string;
  readonly prefix?: string;
  readonly operationFrom?: Date;
  readonly operationTo?: Date;
  readonly states?: boolean;
  readonly limit: number;
  readonly from?: string;
}

/** `perdure signal`, `call`, `state` and `entities`. */
export function entityCommands(): readonly Command[] {
  return [signalCommand(), callCommand(), stateCommand(), entitiesCommand()];
}

function onEntity(name: string): Command {
  return onHub(new Command(name)).argument('<entity>', "the entity's name").argument('<key>', 'its key');
}

function signalCommand(): Command {
  return onEntity('signal')
    .description('Send an entity a message that nobody waits for.')
    .argument('<operation>', 'the operation')
    .argument('[input]', JSON_HELP, jsonOf)
    .option('--at <time>', 'when it is to be carried out: 2026-05-01T08:00:00Z, or 10m for in ten minutes', futureOf)
    .addHelpText(
      'after',
      examples(
        `perdure signal bank account alice deposit '{"amount":5}'`,
        'perdure signal bank cart alice remind --at 1d',
      ),
    )
    .action(
      (
        hub: string,
        entity: string,
        key: string,
        operation: string,
        input: unknown,
        options: HubOptions & { readonly at?: Date },
      ) =>
        withClient(hub, options, async (client) => {
          await client.signalEntity(entity, key, operation, input, { signalAt: options.at });
          tell(options, { entity, key, operation, accepted: true }, () => [`Sent: ${harmless(operation)}`]);
        }),
    );
}

function callCommand(): Command {
  return onEntity('call')
    .description('Call an operation of an entity, and print what it returns.')
    .argument('<operation>', 'the operation')
    .argument('[input]', JSON_HELP, jsonOf)
    .addHelpText(
      'after',
      examples(`perdure call bank account alice withdraw '{"amount":5}'`, 'perdure call bank account alice balance'),
    )
    .action((hub: string, entity: string, key: string, operation: string, input: unknown, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const result = await client.callEntity(entity, key, operation, input);
        tell(options, result, () => (result === undefined ? [] : [valueText(result)]));
      }),
    );
}

function stateCommand(): Command {
  return onEntity('state')
    .description('Print the state of an entity; or each that follows, or a former one.')
    .option('--watch', 'go on with each state that follows, until Ctrl-C')
    .option(
      '--as-of <time>',
      'as it was at a time, or behind the change of a number, when its class keeps a history',
      asOf,
    )
    .option('--changes', 'the changes of its state that are kept')
    .addHelpText(
      'after',
      examples(
        'perdure state bank account alice',
        'perdure state bank account alice --watch --json',
        'perdure state bank account alice --as-of 2h',
      ),
    )
    .action((hub: string, entity: string, key: string, options: StateOptions) =>
      withClient(hub, options, (client) => {
        if (options.changes) return changes(client, entity, key, options);
        return options.watch ? watch(client, entity, key, options) : state(client, entity, key, options);
      }),
    );
}

function asOf(text: string): Date | number {
  return /^\d+$/.test(text) ? wholeNumber(0, Number.MAX_SAFE_INTEGER)(text) : pastOf(text);
}

async function state(client: TaskHubClient, entity: string, key: string, options: StateOptions): Promise<void> {
  const found = await client.readEntityState(entity, key, { asOf: options.asOf });
  if (options.json) tell(options, found, () => []);
  if (!found.entityExists)
    throw new CommandError(exitCodes.notFound, `Entity ${harmless(`${entity} ${key}`)} does not exist.`);
  if (options.json) return;
  print(JSON.stringify(found.entityState, undefined, 2));
  const { lockedBy, source } = found;
  if (source === 'view') note('No worker owns it: this is its view.');
  if (lockedBy) note(`Locked by ${harmless(lockedBy.instanceId)} until ${timeText(lockedBy.until)}.`);
}

async function watch(client: TaskHubClient, entity: string, key: string, options: StateOptions): Promise<void> {
  const lineOf = ({ entityExists, entityState }: EntityStateResponse<unknown>): string =>
    entityExists ? valueText(entityState) : paint('dim', 'it does not exist');
  for await (const found of client.entities.watch(entity, key)) tellOne(options, found, () => [lineOf(found)]);
}

async function changes(client: TaskHubClient, entity: string, key: string, options: StateOptions): Promise<void> {
  const kept = await client.entities.history(entity, key);
  tell(options, kept, () =>
    tableOf(
      ['CHANGE', 'TIME', 'OPERATION'],
      kept.map(({ number, time, operation }) => [String(number), timeText(time), harmless(operation)]),
    ),
  );
  if (kept.length === 0 && !options.json)
    note('No changes are kept: it does not exist, or its class keeps no history.');
}

function entitiesCommand(): Command {
  return onHub(new Command('entities'))
    .description('List the entities of a task hub that fit all that is given, as their views show them.')
    .option('--entity <name>', 'those of this name')
    .option('--prefix <text>', 'those whose keys begin with this')
    .option(
      '--operation-from <time>',
      'those whose last operation was at this time or later; 2h: two hours ago',
      pastOf,
    )
    .option('--operation-to <time>', 'those whose last operation was before', pastOf)
    .option('--states', 'with their states')
    .option('--limit <number>', 'so many at most', wholeNumber(1, 1_000), 50)
    .option('--from <token>', 'go on where a list ended, with what it printed there')
    .addHelpText(
      'after',
      examples('perdure entities bank --entity account --states', 'perdure entities bank --prefix eu- --json'),
    )
    .action((hub: string, options: ListOptions) => withClient(hub, options, (client) => entities(client, options)));
}

async function entities(client: TaskHubClient, options: ListOptions): Promise<void> {
  const { entity, prefix, operationFrom, operationTo, limit, from, states } = options;
  const filter = { entity, keyPrefix: prefix, lastOperationFrom: operationFrom, lastOperationTo: operationTo };
  const page = await client.entities.list(filter, { pageSize: limit, continuationToken: from, fetchStates: states });
  const rows = page.entities.map(({ entityId, lastOperationTime, entityState }) => [
    harmless(entityId.name),
    harmless(entityId.key),
    timeText(lastOperationTime),
    valueText(entityState),
  ]);
  tell(options, page, () => tableOf(['ENTITY', 'KEY', 'LAST OPERATION', states ? 'STATE' : ''], rows));
  if (options.json) return;
  if (rows.length === 0) note('There are none.');
  else if (page.continuationToken !== undefined) note(`There may be more: --from ${page.continuationToken}`);
}
