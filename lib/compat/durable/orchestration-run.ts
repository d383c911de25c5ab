import type { OrchestrationContext as CoreContext } from '../../core/orchestration-context.js';
import type { Orchestration } from '../../core/task.js';
import { DurableOrchestrationContext, type OrchestrationHandler } from './orchestration-context.js';
import type { OrchestrationContext, OrchestrationSettings } from './orchestration-context.js';
import { plainValue } from './plain-value.js';
import { failureOf } from './task-failed-error.js';
import { LazyTask } from './tasks.js';

/**
 * Runs an orchestrator that yields tasks as one that the core knows: each task is scheduled where it is yielded first, and
 * the code goes on with its result, or its error, in the words of the original.
 */
export function* runOrchestrator(
  handler: OrchestrationHandler,
  core: CoreContext,
  context: OrchestrationContext,
  settings: OrchestrationSettings,
): Orchestration<unknown> {
  try {
    return yield* driven(handler, core, context, settings);
  } catch (error) {
    throw failureOf(error);
  }
}

function* driven(
  handler: OrchestrationHandler,
  core: CoreContext,
  context: OrchestrationContext,
  settings: OrchestrationSettings,
): Orchestration<unknown> {
  const df = new DurableOrchestrationContext(core, settings);
  context.df = df;
  const started: unknown = handler(context);
  if (!isGenerator(started)) return isPromise(started) ? started : plainValue(started);
  for (let step = started.next(); ;) {
    if (step.done) return plainValue(step.value);
    const task = taskOf(step.value);
    if (DurableOrchestrationContext.isOver(df)) return undefined; // what is waited for now would never come
    let end: 'well' | 'badly' = 'well';
    try {
      yield* task.in(core);
    } catch (error) {
      if (!task.hasFailedWith(error)) {
        step = started.throw(error); // the call was refused, or the instance is canceled
        continue;
      }
      end = 'badly';
    }
    step = end === 'well' ? started.next(task.result) : started.throw(task.error);
  }
}

/** Throws Error for what is no task. */
function taskOf(yielded: unknown): LazyTask {
  if (yielded instanceof LazyTask) return yielded;
  const kind = typeof yielded;
  throw new Error(
    `Durable Functions programming constraint violation: Orchestration yielded data of type ${kind}.` +
      (kind === 'undefined'
        ? ' This is likely a result of yielding a "fire-and-forget API" such as signalEntity or continueAsNew.' +
          ' These APIs should not be yielded as they are not blocking operations. Please remove the yield statement preceding those invocations.' +
          ' If you are not calling those APIs, p'
        : ' Only Task types can be yielded. P') +
      'lease check your yield statements to make sure you only yield Task types resulting from calling Durable Functions APIs.',
  );
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && 'throw' in value;
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}
