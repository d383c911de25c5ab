import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { Command } from 'commander';
import { hasEnded, type OrchestrationStatus } from '../../client/orchestration-status.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { InstanceExistsError, NotFoundError, PerdureError } from '../../errors.js';
import { wholeNumber } from '../arguments.js';
import { CommandError, exitCodes, UsageError } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, note, tell } from '../output.js';
import { Progress } from '../progress.js';
import { harmless } from '../text.js';
import { filterOf, withFilter, type FilterOptions } from './filter-options.js';

/** So many instances are read, or started, at a time. */
const TOGETHER = 20;

interface ExportOptions extends HubOptions, FilterOptions {
  readonly output?: string;
  readonly histories?: boolean;
}

interface ImportOptions extends HubOptions {
  readonly ended?: boolean;
  readonly concurrency: number;
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
    .option('--histories', 'with their histories, which "perdure replay" takes')
    .addHelpText(
      'after',
      examples('perdure export bank -o bank.jsonl', 'perdure export bank --status failed --histories > failed.jsonl'),
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
  using progress = new Progress('Export', total);
  for await (const status of client.allInstances(filter, { fetchInputsAndOutputs: true })) {
    const line = await lineOf(client, status, options.histories === true);
    if (line === undefined) continue; // it was purged meanwhile
    if (!target.write(`${line}\n`)) await once(target, 'drain');
    progress.add();
  }
  return progress.done;
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

function importCommand(): Command {
  return onHub(new Command('import'))
    .description(
      'Start the instances that "perdure export" printed: with their ids, orchestrators, inputs, versions, tags and memos, from their ' +
        'beginning. Those that have ended are left away, and those whose ids are there: it may be given again.',
    )
    .argument('[file]', 'the file; - or none: the standard input', '-')
    .option('--ended', 'also those that have ended')
    .option('--concurrency <number>', 'so many at a time', wholeNumber(1, 1_000), TOGETHER)
    .addHelpText('after', examples('perdure import bank bank.jsonl', 'perdure export bank | perdure import copy'))
    .action((hub: string, file: string, options: ImportOptions) =>
      withClient(hub, options, (client) => importInstances(client, file, options)),
    );
}

/** What became of a line. */
type Imported = 'started' | 'existing' | 'ended' | 'failed';

async function importInstances(client: TaskHubClient, file: string, options: ImportOptions): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  if (file !== '-') await once(input, 'open').catch(() => Promise.reject(new UsageError(`${file} cannot be read.`)));
  const counts: Record<Imported, number> = { started: 0, existing: 0, ended: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  let failure: Error | undefined;
  const run = (status: OrchestrationStatus, line: number, progress: Progress): void => {
    const one = start(client, status, line, options)
      .then((how) => {
        counts[how]++;
        progress.add();
      })
      .catch((error: Error) => void (failure ??= error))
      .finally(() => running.delete(one));
    running.add(one);
  };
  try {
    using progress = new Progress('Import');
    let number = 0;
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      if (line.trim() === '') continue;
      run(exported(line, number), number, progress);
      if (running.size >= options.concurrency) await Promise.race(running);
      if (failure) break;
    }
  } finally {
    await Promise.all(running); // also when a line is none: what has begun is not left halfway
  }
  if (failure) throw failure as Error;
  tell(options, counts, () => [
    `Started: ${counts.started}, there already: ${counts.existing}, ended before: ${counts.ended}, failed: ${counts.failed}`,
  ]);
  if (counts.failed > 0) throw new CommandError(exitCodes.failed, `${counts.failed} instances could not be started.`);
}

async function start(
  client: TaskHubClient,
  status: OrchestrationStatus,
  line: number,
  options: ImportOptions,
): Promise<Imported> {
  if (hasEnded(status) && !options.ended) return 'ended';
  const { instanceId, name, input, version, tags, memo } = status;
  try {
    if (await isThere(client, instanceId)) return 'existing';
    await client.startNew(name, input, { instanceId, version, tags, memo });
    return 'started';
  } catch (error) {
    if (error instanceof InstanceExistsError) return 'existing';
    if (!(error instanceof PerdureError)) throw error;
    note(harmless(`line ${line}: ${error.code}: ${error.message}`));
    return 'failed';
  }
}

/** A start makes way for itself where an instance has ended. */
async function isThere(client: TaskHubClient, instanceId: string): Promise<boolean> {
  try {
    await client.getHandle(instanceId).status();
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

function exported(line: string, number: number): OrchestrationStatus {
  try {
    const status = JSON.parse(line) as Partial<OrchestrationStatus> | null;
    if (typeof status?.instanceId === 'string' && typeof status.name === 'string') return status as OrchestrationStatus;
  } catch {
    // told below
  }
  throw new UsageError(`Line ${number} is no instance, as "perdure export" prints them.`);
}
