import type { SubOrchestrationOptions } from '../../core/call-options.js';
import { plainValue } from './plain-value.js';
import { coreRetry, type RetryOptions } from './retry-options.js';
import { taskError } from './task-failed-error.js';
import { RetriableCallTask, CallTask, type Call } from './tasks.js';
import { knownName } from './function-names.js';

/** A call of an activity, once it is waited for. */
export function activityTask(name: string, input: unknown): RetriableCallTask {
  return new RetriableCallTask(`activity ${name}`, activityCall(name, input), (retry) =>
    activityWithRetry(name, retry, input),
  );
}

/** The same with retries. Throws TypeError for options that are none. */
export function activityWithRetry(name: string, retry: RetryOptions, input: unknown): CallTask {
  return new CallTask(activityCall(name, input, retry));
}

function activityCall(name: string, input: unknown, retry?: RetryOptions): Call {
  const options = retry === undefined ? {} : { retry: coreRetry(retry) };
  const given = plainValue(input);
  return {
    start: (context) => context.callActivity(knownName('activityTrigger', name), given, options),
    showError: (error) => taskError(error, name),
  };
}

/** How a sub-orchestration is started. */
export interface ChildOptions {
  readonly instanceId?: string | undefined;
  readonly version?: string | undefined;
}

/** A sub-orchestration, once it is waited for. */
export function childTask(name: string, input: unknown, options: ChildOptions = {}): RetriableCallTask {
  return new RetriableCallTask(`subOrchestrator ${name}`, childCall(name, input, options), (retry) =>
    childWithRetry(name, retry, input, options),
  );
}

/** The same with retries. Throws TypeError for options that are none. */
export function childWithRetry(name: string, retry: RetryOptions, input: unknown, options: ChildOptions): CallTask {
  return new CallTask(childCall(name, input, options, coreRetry(retry)));
}

function childCall(
  name: string,
  input: unknown,
  { instanceId, version }: ChildOptions,
  retry?: SubOrchestrationOptions['retry'],
): Call {
  const options = { ...(instanceId && { instanceId }), ...(version && { version }), ...(retry && { retry }) };
  const given = plainValue(input);
  return {
    start: (context) => context.callSubOrchestrator(knownName('orchestrationTrigger', name), given, options),
    showError: (error) => taskError(error, name),
  };
}
