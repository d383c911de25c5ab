import { Command, Option } from 'commander';
import type { ScheduleDescription } from '../../client/schedule-description.js';
import type { ScheduleHandle } from '../../client/schedule-handle.js';
import type { ScheduleOptions } from '../../client/schedule-options.js';
import type { OverlapPolicy } from '../../schedules/schedule-state.js';
import { durationOf, futureOf, JSON_HELP, jsonOf, pastOf } from '../arguments.js';
import { UsageError } from '../exit-codes.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, fieldsOf, note, tableOf, tell } from '../output.js';
import { paint } from '../paint.js';
import { durationText, harmless, timeText, valueText } from '../text.js';

interface CreateOptions extends HubOptions {
  readonly cron?: readonly string[];
  readonly every?: number;
  readonly timeZone?: string;
  readonly from?: Date;
  readonly until?: Date;
  readonly overlap?: OverlapPolicy;
  readonly catchUp?: number;
  readonly paused?: boolean;
  readonly note?: string;
}

const overlap = (): Option =>
  new Option('--overlap <policy>', 'what happens when a run is due while one goes on').choices([
    'skip',
    'bufferOne',
    'bufferAll',
    'allowAll',
  ]);

/** `perdure schedule ...`. */
export function scheduleCommands(): Command {
  const schedule = new Command('schedule').description('Start orchestrations at times.');
  for (const command of [createCommand(), updateCommand(), listCommand(), showCommand(), ...changeCommands()])
    schedule.addCommand(command);
  return schedule.addHelpText(
    'after',
    examples(`perdure schedule create bank nightly report '"short"' --cron '0 3 * * *'`, 'perdure schedule list bank'),
  );
}

/** Gathers what is given several times: a pattern may have commas. */
function eachOf(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function withTimes(command: Command): Command {
  return command
    .argument('<schedule>', 'the id of the schedule')
    .argument('<orchestrator>', 'what it starts')
    .argument('[input]', JSON_HELP, jsonOf)
    .option('--cron <pattern>', 'minute, hour, day, month, weekday; may be given several times', eachOf)
    .option('--every <duration>', 'a fixed distance, such as 15m', durationOf)
    .option('--time-zone <name>', 'the clock of the patterns, such as Europe/Berlin (default: UTC)')
    .option('--from <time>', 'nothing is due before', futureOf)
    .option('--until <time>', 'nothing is due after', futureOf)
    .addOption(overlap())
    .option('--catch-up <duration>', 'how late a run may start (default: 1d)', durationOf);
}

function settingsOf(orchestrator: string, input: unknown, options: CreateOptions): ScheduleOptions {
  const { cron, every, timeZone, from, until, catchUp, overlap: policy } = options;
  if ((cron === undefined) === (every === undefined)) throw new UsageError('Give --cron or --every.');
  return {
    start: [orchestrator, input],
    cron,
    intervalInMilliseconds: every,
    timeZone,
    from,
    until,
    overlap: policy,
    catchUpWindowInMilliseconds: catchUp,
  };
}

function createCommand(): Command {
  return withTimes(onHub(new Command('create')))
    .description('Create a schedule.')
    .option('--paused', 'it begins paused')
    .option('--note <text>', 'a note for people')
    .addHelpText(
      'after',
      examples(
        `perdure schedule create bank nightly report '"short"' --cron '0 3 * * *' --time-zone Europe/Berlin`,
        'perdure schedule create bank sweep clean-up --every 15m --overlap bufferOne',
      ),
    )
    .action((hub: string, id: string, orchestrator: string, input: unknown, options: CreateOptions) => {
      const settings = settingsOf(orchestrator, input, options);
      const { paused: isPaused, note: text } = options;
      return withClient(hub, options, async (client) => {
        const handle = await client.schedules.create(id, { ...settings, isPaused, note: text });
        tell(options, { scheduleId: handle.scheduleId }, () => [`Created: ${harmless(handle.scheduleId)}`]);
      });
    });
}

function updateCommand(): Command {
  return withTimes(onHub(new Command('update')))
    .description('Give a schedule other times, settings and work.')
    .addHelpText('after', examples(`perdure schedule update bank nightly report '"long"' --cron '0 4 * * *'`))
    .action((hub: string, id: string, orchestrator: string, input: unknown, options: CreateOptions) => {
      const settings = settingsOf(orchestrator, input, options);
      return withClient(hub, options, async (client) => {
        await client.schedules.get(id).update(settings);
        tell(options, { scheduleId: id, done: 'update' }, () => [`Updated: ${harmless(id)}`]);
      });
    });
}

function listCommand(): Command {
  return onHub(new Command('list'))
    .description('List the schedules of a task hub.')
    .addHelpText('after', examples('perdure schedule list bank'))
    .action((hub: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const schedules = await client.schedules.list();
        tell(options, schedules, () =>
          tableOf(['SCHEDULE', 'ORCHESTRATOR', 'STATE', 'NEXT', 'TIMES'], schedules.map(rowOf)),
        );
        if (schedules.length === 0 && !options.json) note('There are none.');
      }),
    );
}

function rowOf(schedule: ScheduleDescription): readonly string[] {
  const { scheduleId, orchestrator, isPaused, nextTimes } = schedule;
  const next = nextTimes[0] ? timeText(nextTimes[0]) : '';
  return [harmless(scheduleId), harmless(orchestrator), stateText(isPaused), next, timesText(schedule)];
}

function stateText(isPaused: boolean): string {
  return isPaused ? paint('yellow', 'paused') : paint('green', 'active');
}

function timesText({ times }: ScheduleDescription): string {
  if ('interval' in times) return `every ${durationText(times.interval)}`;
  return `${times.crons.join(' | ')} ${times.timeZone}`;
}

function showCommand(): Command {
  return onHub(new Command('show'))
    .description('Print how a schedule stands.')
    .argument('<schedule>', 'its id')
    .addHelpText('after', examples('perdure schedule show bank nightly'))
    .action((hub: string, id: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        const schedule = await client.schedules.get(id).describe();
        tell(options, schedule, () => linesOf(schedule));
      }),
    );
}

function linesOf(schedule: ScheduleDescription): readonly string[] {
  const { scheduleId, isPaused, orchestrator, input, createdTime, nextTimes, running, waiting, recent, counts } =
    schedule;
  const listed = (runs: ScheduleDescription['recent']): string | undefined =>
    runs.length === 0 ? undefined : runs.map(({ instanceId }) => harmless(instanceId)).join(', ');
  return fieldsOf({
    schedule: harmless(scheduleId),
    state: stateText(isPaused),
    note: schedule.note === undefined ? undefined : harmless(schedule.note),
    starts: `${harmless(orchestrator)} ${valueText(input)}`.trimEnd(),
    times: timesText(schedule),
    overlap: schedule.overlap,
    created: timeText(createdTime),
    next: nextTimes.length === 0 ? undefined : nextTimes.map(timeText).join(', '),
    running: listed(running),
    waiting: listed(waiting),
    recent: listed(recent),
    counts: Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  });
}

interface ChangeOptions extends HubOptions {
  readonly note?: string;
  readonly overlap?: OverlapPolicy;
  readonly from?: Date;
  readonly to?: Date;
}

function changeCommands(): readonly Command[] {
  const pause = change(
    'pause',
    'Make a schedule start nothing by itself until it is unpaused.',
    'Paused',
    (handle, options) => handle.pause(options.note),
  ).option('--note <text>', 'why');
  const unpause = change('unpause', 'Let a schedule start its runs again.', 'Unpaused', (handle, options) =>
    handle.unpause(options.note),
  ).option('--note <text>', 'a note');
  const trigger = change('trigger', 'Start a run now.', 'Triggered', (handle, options) =>
    handle.trigger(options),
  ).addOption(overlap());
  const backfill = change('backfill', 'Start the runs of a stretch of time.', 'Backfilled', (handle, options) =>
    handle.backfill({ ...options, from: options.from!, to: options.to! }),
  )
    .requiredOption('--from <time>', 'the first time that counts', pastOf)
    .requiredOption('--to <time>', 'the last time that counts', pastOf)
    .addOption(overlap());
  const remove = change('delete', 'End a schedule. Runs that go on are not touched.', 'Deleted', (handle) =>
    handle.delete(),
  );
  return [pause, unpause, trigger, backfill, remove];
}

function change(
  name: string,
  description: string,
  done: string,
  carryOut: (handle: ScheduleHandle, options: ChangeOptions) => Promise<void>,
): Command {
  const times = name === 'backfill' ? ' --from 2026-05-01 --to 2026-05-08' : '';
  return onHub(new Command(name))
    .description(description)
    .argument('<schedule>', 'its id')
    .addHelpText('after', examples(`perdure schedule ${name} bank nightly${times}`))
    .action((hub: string, id: string, options: ChangeOptions) =>
      withClient(hub, options, async (client) => {
        await carryOut(client.schedules.get(id), options);
        tell(options, { scheduleId: id, done: name }, () => [`${done}: ${harmless(id)}`]);
      }),
    );
}
