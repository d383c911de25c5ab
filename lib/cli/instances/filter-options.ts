import { InvalidArgumentError, type Command } from 'commander';
import type { InstanceFilter } from '../../client/instance-filter.js';
import { isRuntimeStatus, runtimeStatuses, type RuntimeStatus } from '../../wire/head.js';
import { listOf, pastOf, tagsOf } from '../arguments.js';

/** Which instances a command is about. */
export interface FilterOptions {
  readonly orchestrator?: string;
  readonly status?: readonly RuntimeStatus[];
  readonly prefix?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly createdFrom?: Date;
  readonly createdTo?: Date;
  readonly updatedFrom?: Date;
  readonly updatedTo?: Date;
}

/** A command that is about the instances that fit a filter. */
export function withFilter(command: Command): Command {
  return command
    .optionsGroup('Which instances:')
    .option('--orchestrator <name>', 'those of this orchestrator')
    .option('--status <state>', 'those in this state; several: separated by commas', statusesOf)
    .option('--prefix <text>', 'those whose ids begin with this')
    .option('--tag <name=value>', 'those with this tag; may be given several times', tagsOf)
    .option(
      '--created-from <time>',
      'those that began at this time or later: 2026-05-01, or 2h for two hours ago',
      pastOf,
    )
    .option('--created-to <time>', 'those that began before', pastOf)
    .option('--updated-from <time>', 'those that were updated last at this time or later', pastOf)
    .option('--updated-to <time>', 'those that were updated last before', pastOf)
    .optionsGroup('Options:');
}

/** The filter as clients take it. */
export function filterOf(options: FilterOptions): InstanceFilter {
  return {
    orchestrator: options.orchestrator,
    runtimeStatus: options.status,
    instanceIdPrefix: options.prefix,
    tags: options.tag,
    createdTimeFrom: options.createdFrom,
    createdTimeTo: options.createdTo,
    lastUpdatedTimeFrom: options.updatedFrom,
    lastUpdatedTimeTo: options.updatedTo,
  };
}

/** Whether it says anything. */
export function isFiltered(options: FilterOptions): boolean {
  return Object.values(filterOf(options)).some((value) => value !== undefined);
}

function statusesOf(text: string, before: readonly RuntimeStatus[] = []): readonly RuntimeStatus[] {
  const found = listOf(text).map((name) =>
    runtimeStatuses.find((status) => status.toLowerCase() === name.trim().toLowerCase()),
  );
  if (found.every(isRuntimeStatus)) return [...before, ...found];
  throw new InvalidArgumentError(`It must be of ${runtimeStatuses.join(', ')}.`);
}
