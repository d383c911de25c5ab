import { Command, Option } from 'commander';
import type { StartOptions } from '../../client/started-run.js';
import { durationOf, futureOf, JSON_HELP, jsonOf, tagsOf } from '../arguments.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, note, print, tell } from '../output.js';
import { valueText } from '../text.js';

interface Options extends HubOptions {
  readonly id?: string;
  readonly ifExists?: 'reject' | 'attach' | 'replace';
  readonly at?: Date;
  /** Perdure's own `--version` is the package's. */
  readonly codeVersion?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly memo?: unknown;
  readonly wait?: boolean;
  readonly waitFor?: number;
}

/** `perdure start`. */
export function startCommand(): Command {
  return onHub(new Command('start'))
    .description('Start an orchestration instance, and print its id; with --wait what it returns.')
    .argument('<orchestrator>', 'its registered name')
    .argument('[input]', JSON_HELP, jsonOf)
    .option('--id <id>', 'the id of the instance (default: a new one)')
    .addOption(
      new Option('--if-exists <policy>', 'what becomes of an instance of this id that is there').choices([
        'reject',
        'attach',
        'replace',
      ]),
    )
    .option('--at <time>', 'when it is to begin: 2026-05-01T08:00:00Z, or 10m for in ten minutes', futureOf)
    .option('--code-version <version>', 'the version of the orchestrator')
    .option('--tag <name=value>', 'a tag; may be given several times', tagsOf)
    .option('--memo <json>', 'a memo', jsonOf)
    .option('--wait', 'wait until it has ended, and print its result')
    .option('--wait-for <duration>', 'the same, but not longer', durationOf)
    .addHelpText(
      'after',
      examples(
        `perdure start bank transfer '{"from":"alice","to":"bob","amount":5}' --wait`,
        'perdure start bank nightly --id nightly-1 --if-exists attach --tag kind=report',
        `echo '"Tokyo"' | perdure start bank hello -`,
      ),
    )
    .action((hub: string, orchestrator: string, input: unknown, options: Options) =>
      start(hub, orchestrator, input, options),
    );
}

async function start(hub: string, orchestrator: string, input: unknown, options: Options): Promise<void> {
  await withClient(hub, options, async (client) => {
    const handle = await client.startNew(orchestrator, input, startOptions(options));
    const { instanceId, runId } = handle;
    const { waitFor: timeoutInMilliseconds } = options;
    if (!options.wait && timeoutInMilliseconds === undefined)
      return tell(options, { instanceId, ...(runId !== undefined && { runId }) }, () => [instanceId]);
    if (!options.json) note(`Started ${instanceId}.`);
    const result = await handle.result({ timeoutInMilliseconds });
    if (options.json) return tell(options, { instanceId, result }, () => []);
    if (result !== undefined) print(valueText(result));
  });
}

function startOptions({ id, ifExists, at, codeVersion, tag, memo }: Options): StartOptions {
  return { instanceId: id, ifExists, startAt: at, version: codeVersion, tags: tag, memo };
}
