import { timeoutFault } from '../core/activity-timeouts.js';
import { DefinitionError } from '../errors.js';
import { givenType } from './input-type.js';
import type { ActivityOptions, OperationOptions, OrchestratorOptions, RunOptions } from './definition.js';
import type { RetryOptions } from '../core/names.js';
import { checkName } from './name-rule.js';

/** An hour, in milliseconds. */
const LONGEST_TIMEOUT = 3_600_000;

/** A day, and 100 years of them. */
const DAY = 24 * 3_600_000;
const MOST_DAYS = 36_525;
/** Who waits for an instance reads its result within this time, in milliseconds. */
const GRACE = 60_000;

const known = {
  '@Operation': ['input', 'optional', 'readonly', 'timeoutInMilliseconds'],
  '@Run': ['input', 'optional'],
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
  options: OperationOptions & RunOptions & ActivityOptions,
  where: string,
): void {
  if (!isObject(options))
    throw new DefinitionError(
      `${where}: its options are an object with any of: ${known[decorator].join(', ')}. Got ${String(options)}.`,
    );
  for (const key of Reflect.ownKeys(options))
    if (!known[decorator].includes(String(key)))
      throw new DefinitionError(
        `${where}: there is no option "${String(key)}"; there are: ${known[decorator].join(', ')}`,
      );
  if (options.input !== undefined) givenType(options.input, where);
  if (options.name !== undefined) checkName('activity', options.name);
  if (options.queue !== undefined) checkName('queue', options.queue);
  const { timeoutInMilliseconds: timeout = 1 } = options;
  if (!(timeout >= 1 && timeout <= LONGEST_TIMEOUT))
    throw new DefinitionError(`${where}: timeoutInMilliseconds must be from 1 to ${LONGEST_TIMEOUT}, not ${timeout}.`);
  if (options.retry !== undefined) checkRetry(options.retry, where);
  checkLimits(options, where);
}

/** How long instances are kept, in milliseconds. Throws DefinitionError when the options cannot work. */
export function retentionOf(options: OrchestratorOptions, where: string): number | undefined {
  if (!isObject(options)) throw new DefinitionError(`${where}: its options are an object with any of: retention.`);
  const unknown = Object.keys(options).find((key) => key !== 'retention');
  if (unknown !== undefined)
    throw new DefinitionError(`${where}: there is no option "${unknown}"; there is: retention`);
  const { retention } = options;
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

function checkRetry(retry: RetryOptions, where: string): void {
  const isWhole = Number.isSafeInteger(retry.maxAttempts);
  demand(isWhole && retry.maxAttempts >= 1, 'maxAttempts must be a whole number of at least 1', where);
  const first = retry.firstRetryIntervalInMilliseconds;
  demand(isAbove(first) && first < Infinity, 'firstRetryIntervalInMilliseconds must be above 0, below Infinity', where);
  demand((retry.backoffCoefficient ?? 1) >= 1, 'backoffCoefficient must be at least 1', where);
  demand(isAbove(retry.maxRetryIntervalInMilliseconds ?? 1), 'maxRetryIntervalInMilliseconds must be above 0', where);
  demand(isAbove(retry.retryTimeoutInMilliseconds ?? 1), 'retryTimeoutInMilliseconds must be above 0', where);
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

function isAbove(value: number): boolean {
  return typeof value === 'number' && value > 0;
}

function demand(holds: boolean, rule: string, where: string): void {
  if (!holds) throw new DefinitionError(`${where}: retry.${rule}.`);
}
