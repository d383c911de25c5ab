import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { ReplayCheck, StoredHistory } from '../../testing/check-replay.js';
import { CommandError, exitCodes, UsageError } from '../exit-codes.js';
import { withClient, withConnection, type HubOptions } from '../hubs/connection.js';
import { examples, note, tell } from '../output.js';
import { paint } from '../paint.js';
import { Progress } from '../progress.js';
import { harmless } from '../text.js';
import { filterOf, withFilter, type FilterOptions } from './filter-options.js';
import { orchestratorsOf } from './users-orchestrators.js';

interface Options extends HubOptions, FilterOptions {
  readonly hub?: string;
}

/** `perdure replay`. */
export function replayCommand(): Command {
  return withConnection(
    withFilter(new Command('replay').option('--json', 'print for programs: JSON on the standard output')),
  )
    .description(
      'Check whether the code goes on from stored histories, as a worker would that loads the instances: before it is deployed. ' +
        'Exit code 5: it does not fit some of them.',
    )
    .argument('<module>', 'a JavaScript file that exports the classes of the orchestrators, and starts nothing')
    .argument('[files...]', 'histories, as "perdure history --json" or "perdure export --histories" print them')
    .option('--hub <name>', 'check the instances of this task hub that go on; or those that a filter says')
    .addHelpText(
      'after',
      examples(
        'perdure replay build/orders.js order-17.json',
        'perdure replay build/orders.js --hub bank',
        'perdure replay build/orders.js --hub bank --orchestrator transfer --status failed --json',
      ),
    )
    .action(replay);
}

async function replay(module: string, files: readonly string[], options: Options): Promise<void> {
  if ((files.length === 0) === (options.hub === undefined))
    throw new UsageError('Give files with histories, or --hub.');
  const orchestrators = await orchestratorsOf(module);
  const histories = options.hub === undefined ? files.flatMap(historiesIn) : await historiesOf(options.hub, options);
  const { checkReplay } = await import('../../testing/check-replay.js'); // other commands start faster without
  const checks: ReplayCheck[] = [];
  {
    using progress = new Progress('Replay', histories.length);
    for (const history of histories) {
      checks.push(...checkReplay([history], orchestrators));
      progress.add();
    }
  }
  const misfits = checks.filter(({ error }) => error !== undefined);
  tell(options, { checked: checks.length, misfits: misfits.map(documentOf) }, () => misfits.map(lineOf));
  if (!options.json) note(`${checks.length} checked, ${misfits.length} do not fit.`);
  if (misfits.length > 0) throw new CommandError(exitCodes.endedBadly, 'The code does not fit all histories.');
}

function documentOf({ instanceId, name, version, error }: ReplayCheck): object {
  return { instanceId, name, version, error: error && { code: error.code, message: error.message } };
}

function lineOf({ instanceId, name = '?', error }: ReplayCheck): string {
  return `${harmless(instanceId)} (${harmless(name)}): ${paint('red', error?.code ?? '')} ${harmless(error?.message ?? '')}`;
}

/** A file has one history, a list of them, or one a line. */
function historiesIn(file: string): readonly StoredHistory[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read.`);
  }
  try {
    return [parsed(text)].flat();
  } catch {
    // then it has one a line
  }
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) => parsed(line))
      .filter((one) => !('entityId' in one)); // "perdure export" prints entities, too
  } catch {
    throw new UsageError(`${file} has no histories, as "perdure history --json" prints them.`);
  }
}

function parsed(text: string): StoredHistory | readonly StoredHistory[] {
  return JSON.parse(text) as StoredHistory | readonly StoredHistory[];
}

async function historiesOf(hub: string, options: Options): Promise<readonly StoredHistory[]> {
  const filter = { ...filterOf(options), runtimeStatus: options.status ?? (['Running', 'Suspended'] as const) };
  return withClient(hub, options, async (client) => {
    const histories: StoredHistory[] = [];
    using progress = new Progress('Read');
    for await (const { instanceId } of client.allInstances(filter)) {
      histories.push({ instanceId, history: await client.getHandle(instanceId).history() });
      progress.add();
    }
    return histories;
  });
}
