import { timeoutFault } from '../core/activity-timeouts.js';
import { checkVersion } from '../core/labels.js';
import { retryFault } from '../core/retry-options.js';
import { DefinitionError } from '../errors.js';
import { givenType } from './input-type.js';
import type {
  ActivityOptions,
  EntityOptions,
  OperationOptions,
  OrchestratorOptions,
  RunOptions,
} from './definition.js';
import { checkName } from './name-rule.js';

/** An hour, in milliseconds. */
const LONGEST_TIMEOUT = 3_600_000;

/** What any mailbox holds at most. */
const LARGEST_MAILBOX = 1_000_000;

const LARGEST_STATE_VERSION = 1_000_000;
const LONGEST_HISTORY = 1_000;

/** A day, and 100 years of them. */
const DAY = 24 * 3_600_000;
const MOST_DAYS = 36_525;
/** Who waits for an instance reads its result within this time, in milliseconds. */
const GRACE = 60_000;

const known = {
  '@Entity': ['mailboxLimit', 'stateVersion', 'keepHistory'],
  '@Operation': ['input', 'optional', 'readonly', 'timeoutInMilliseconds'],
  '@Run': ['input', 'optional'],
  '@Orchestrator': ['version', 'versionMatchStrategy', 'retention'],
  '@Query': ['input', 'optional'],
  '@Update': ['input', 'optional'],
  '@Activity': [
    'name',
    'queue',
    'retry',
    'concurrency',
    'hubConcurrency',
    'startToCloseTimeoutInMilliseconds',
    'scheduleToCloseTimeoutInMilliseconds',
    'input',
    'optional',
  ],
};

/** Throws DefinitionError or InvalidNameError unless these are options of the decorator, with values that can work. */
export function checkOptions(
  decorator: keyof typeof known,
  options: OperationOptions & RunOptions & ActivityOptions & OrchestratorOptions,
  where: string,
): void {
  checkKnown(decorator, options, where);
  if (options.input !== undefined) givenType(options.input, where);
  if (options.name !== undefined) checkName('activity', options.name);
  if (options.queue !== undefined) checkName('queue', options.queue);
  if (options.version !== undefined) checkVersion(options.version);
  checkStrategy(options, where);
  const { timeoutInMilliseconds: timeout = 1 } = options;
  if (!(timeout >= 1 && timeout <= LONGEST_TIMEOUT))
    throw new DefinitionError(`${where}: timeoutInMilliseconds must be from 1 to ${LONGEST_TIMEOUT}, not ${timeout}.`);
  const retry = options.retry && retryFault(options.retry);
  if (retry !== undefined) throw new DefinitionError(`${where}: retry.${retry}.`);
  checkLimits(options, where);
}

function checkKnown(decorator: keyof typeof known, options: unknown, where: string): void {
  if (!isObject(options))
    throw new DefinitionError(
      `${where}: its options are an object with any of: ${known[decorator].join(', ')}. Got ${String(options)}.`,
    );
  for (const key of Reflect.ownKeys(options))
    if (!known[decorator].includes(String(key)))
      throw new DefinitionError(
        `${where}: there is no option "${String(key)}"; there are: ${known[decorator].join(', ')}`,
      );
}

/** The options of an entity themselves. Throws DefinitionError when they cannot work. */
export function checkedEntityOptions(options: EntityOptions, where: string): EntityOptions {
  checkKnown('@Entity', options, where);
  checkCount('mailboxLimit', options.mailboxLimit, LARGEST_MAILBOX, where);
  checkCount('stateVersion', options.stateVersion, LARGEST_STATE_VERSION, where);
  checkCount('keepHistory', options.keepHistory, LONGEST_HISTORY, where);
  return options;
}

function checkCount(option: string, value: number | undefined, most: number, where: string): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)) return;
  throw new DefinitionError(`${where}: ${option} must be a whole number from 1 to ${most}.`);
}

/** How long instances are kept, in milliseconds. Throws DefinitionError when the options cannot work. */
export function retentionOf({ retention }: OrchestratorOptions, where: string): number | undefined {
  if (retention === undefined) return undefined;
  if (retention === 'purgeOnCompletion') return GRACE;
  const days: unknown = isObject(retention) ? retention.days : undefined;
  if (typeof days === 'number' && days > 0 && days <= MOST_DAYS) return Math.ceil(days * DAY);
  throw new DefinitionError(
    `${where}: retention must be { days: ... }, above 0 and at most ${MOST_DAYS}, or 'purgeOnCompletion'.`,
  );
}

/**
 * Throws DefinitionError when a decorator was written without parentheses: it was then handed what stands below it, and
 * what it returns would take that thing's place.
 */
export function checkParentheses(decorator: string, argument: unknown): void {
  if (typeof argument === 'function' || (isObject(argument) && Object.hasOwn(argument, 'constructor')))
    throw new DefinitionError(`${decorator} is written with parentheses: ${decorator}(...).`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const strategies: readonly unknown[] = ['strict', 'currentOrOlder', 'none'];

function checkStrategy(
  { version, versionMatchStrategy: strategy = 'strict' }: OrchestratorOptions,
  where: string,
): void {
  if (!strategies.includes(strategy))
    throw new DefinitionError(`${where}: versionMatchStrategy must be one of ${strategies.join(', ')}.`);
  if (strategy === 'currentOrOlder' && version === undefined)
    throw new DefinitionError(`${where}: versionMatchStrategy 'currentOrOlder' needs a version to compare with.`);
}

function checkLimits(options: ActivityOptions, where: string): void {
  for (const limit of ['concurrency', 'hubConcurrency'] as const) {
    const value = options[limit];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new DefinitionError(`${where}: ${limit} must be a whole number of at least 1.`);
  }
  if (options.hubConcurrency !== undefined && options.queue !== undefined)
    throw new DefinitionError(
      `${where}: hubConcurrency needs a queue that no other activity shares. Drop "queue", or drop "hubConcurrency".`,
    );
  const fault = timeoutFault(options);
  if (fault !== undefined) throw new DefinitionError(`${where}: ${fault}.`);
}
