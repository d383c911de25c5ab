import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { ListedEntity } from '../../client/entity-queries.js';
import { hasEnded, type OrchestrationStatus } from '../../client/orchestration-status.js';
import type { TaskHubClient } from '../../client/task-hub-client.js';
import { InstanceExistsError, NotFoundError, PerdureError } from '../../errors.js';
import { wholeNumber } from '../arguments.js';
import { CommandError, exitCodes, UsageError } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, note, tell } from '../output.js';
import { Progress } from '../progress.js';
import { harmless } from '../text.js';

/** So many lines are taken at a time, unless it is said. */
const TOGETHER = 20;

interface ImportOptions extends HubOptions {
  readonly ended?: boolean;
  readonly concurrency: number;
}

/** What `perdure export` prints on a line. */
type Exported = OrchestrationStatus | ListedEntity;

/** What became of a line. */
type Imported = 'started' | 'restored' | 'existing' | 'ended' | 'failed';

/** `perdure import`. */
export function importCommand(): Command {
  return onHub(new Command('import'))
    .description(
      'Bring back what "perdure export" printed. Instances that had ended are as they were, if their histories were exported; others begin ' +
        'again, with their ids, orchestrators, inputs, versions, tags and memos. Entities have their states. What is there is left alone: it may be given again.',
    )
    .argument('[file]', 'the file; - or none: the standard input', '-')
    .option('--ended', 'start those that had ended anew, if their histories were not exported')
    .option('--concurrency <number>', 'so many at a time', wholeNumber(1, 1_000), TOGETHER)
    .addHelpText(
      'after',
      examples('perdure import bank bank.jsonl', 'perdure export bank --histories --entities | perdure import copy'),
    )
    .action((hub: string, file: string, options: ImportOptions) =>
      withClient(hub, options, (client) => importAll(client, file, options)),
    );
}

async function importAll(client: TaskHubClient, file: string, options: ImportOptions): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  if (file !== '-') await once(input, 'open').catch(() => Promise.reject(new UsageError(`${file} cannot be read.`)));
  const counts: Record<Imported, number> = { started: 0, restored: 0, existing: 0, ended: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  let failure: Error | undefined;
  const run = (line: Exported, number: number, progress: Progress): void => {
    const one = importOne(client, line, number, options)
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
  told(counts, options);
}

function told(counts: Readonly<Record<Imported, number>>, options: ImportOptions): void {
  const { started, restored, existing, ended, failed } = counts;
  tell(options, counts, () => [
    `Started: ${started}, restored: ${restored}, there already: ${existing}, ended before: ${ended}, failed: ${failed}`,
  ]);
  if (ended > 0)
    note(
      `${ended} that had ended were left away: "perdure export --histories" prints what brings them back, and --ended starts them anew.`,
    );
  if (failed > 0) throw new CommandError(exitCodes.failed, `${failed} could not be brought back.`);
}

async function importOne(
  client: TaskHubClient,
  line: Exported,
  number: number,
  options: ImportOptions,
): Promise<Imported> {
  try {
    return await ('entityId' in line ? importEntity(client, line) : importInstance(client, line, options));
  } catch (error) {
    if (error instanceof InstanceExistsError) return 'existing';
    if (!(error instanceof PerdureError)) throw error;
    note(harmless(`line ${number}: ${error.code}: ${error.message}`));
    return 'failed';
  }
}

async function importEntity(client: TaskHubClient, line: ListedEntity): Promise<Imported> {
  const { name, key } = line.entityId;
  return (await client.entities.restore(name, key, line)) ? 'restored' : 'existing';
}

async function importInstance(
  client: TaskHubClient,
  status: OrchestrationStatus,
  { ended }: ImportOptions,
): Promise<Imported> {
  const { instanceId, name, input, version, tags, memo, history, customStatus } = status;
  if (hasEnded(status) && history) {
    await client.restoreInstance(instanceId, { history, customStatus });
    return 'restored';
  }
  if (hasEnded(status) && !ended) return 'ended';
  if (await isThere(client, instanceId)) return 'existing';
  await client.startNew(name, input, { instanceId, version, tags, memo });
  return 'started';
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

function exported(line: string, number: number): Exported {
  try {
    const { instanceId, name, entityId } = (JSON.parse(line) ?? {}) as Partial<OrchestrationStatus & ListedEntity>;
    const isInstance = typeof instanceId === 'string' && typeof name === 'string';
    const isEntity = typeof entityId?.name === 'string' && typeof entityId.key === 'string';
    if (isInstance || isEntity) return JSON.parse(line) as Exported;
  } catch {
    // told below
  }
  throw new UsageError(`Line ${number} is no instance and no entity, as "perdure export" prints them.`);
}
