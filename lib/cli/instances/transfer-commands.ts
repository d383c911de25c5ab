import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { Command } from 'commander';
import type { OrchestrationStatus } from '../../client/orchestration-status.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { NotFoundError } from '../../errors.js';
import { UsageError } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, tell } from '../output.js';
import { Progress } from '../progress.js';
import { filterOf, withFilter, type FilterOptions } from './filter-options.js';
import { importCommand } from './import-command.js';

interface ExportOptions extends HubOptions, FilterOptions {
  readonly output?: string;
  readonly histories?: boolean;
  readonly entities?: boolean;
}

/** `perdure export` and `import`. */
export function transferCommands(): readonly Command[] {
  return [exportCommand(), importCommand()];
}

function exportCommand(): Command {
  return withFilter(onHub(new Command('export')))
    .description(
      'Print the orchestration instances that fit all that is given as JSON, one a line, with inputs and outputs. They are read one by ' +
        'one while the hub goes on: it is no snapshot.',
    )
    .option('-o, --output <file>', 'write to a file, and show the progress')
    .option(
      '--histories',
      'with their histories, which "perdure replay" takes, and "perdure import" for those that have ended',
    )
    .option('--entities', 'also all entities with their states')
    .addHelpText(
      'after',
      examples(
        'perdure export bank --histories --entities -o bank.jsonl',
        'perdure export bank --status failed --histories > failed.jsonl',
      ),
    )
    .action((hub: string, options: ExportOptions) =>
      withClient(hub, options, (client) => exportInstances(client, options)),
    );
}

async function exportInstances(client: TaskHubClient, options: ExportOptions): Promise<void> {
  const { output } = options;
  const target: Writable = output === undefined ? process.stdout : createWriteStream(output, { flags: 'wx' });
  if (output !== undefined) await opened(target, output);
  const exported = await writeInstances(client, target, options);
  if (output === undefined) return;
  target.end();
  await once(target, 'finish');
  tell(options, { exported }, () => [`Exported: ${exported}`]);
}

async function writeInstances(client: TaskHubClient, target: Writable, options: ExportOptions): Promise<number> {
  const filter = filterOf(options);
  const { total } = await client.countInstances(filter);
  using progress = new Progress('Export', options.entities ? undefined : total);
  for await (const status of client.allInstances(filter, { fetchInputsAndOutputs: true })) {
    const line = await lineOf(client, status, options.histories === true);
    if (line === undefined) continue; // it was purged meanwhile
    await writeLine(target, line);
    progress.add();
  }
  if (options.entities)
    for await (const entity of client.entities.all({}, { fetchStates: true })) {
      await writeLine(target, JSON.stringify(entity));
      progress.add();
    }
  return progress.done;
}

async function writeLine(target: Writable, line: string): Promise<void> {
  if (!target.write(`${line}\n`)) await once(target, 'drain');
}

async function opened(target: Writable, file: string): Promise<void> {
  try {
    await once(target, 'open');
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

async function lineOf(
  client: TaskHubClient,
  status: OrchestrationStatus,
  withHistory: boolean,
): Promise<string | undefined> {
  const { source: _, nameWithoutWorker: __, ...told } = status;
  try {
    const history = withHistory ? { history: await client.getHandle(status.instanceId).history() } : {};
    return JSON.stringify({ ...told, ...history });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
