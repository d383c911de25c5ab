import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkIsClass, refuseForeignHandlers } from './class-kind.js';
import { inheritedHandlers } from './class-record.js';
import type { ActivitiesDefinition, ActivityDefinition, ActivityOptions } from './definition.js';
import { handlerOf, undecoratedMethods } from './handler-method.js';
import { inputShapeOf } from './input-type.js';

/** What was recorded of a class with activities. Throws DefinitionError when it cannot work as written. */
export function activitiesDefinition(type: Constructor): ActivitiesDefinition {
  checkIsClass('@Activity', type);
  const recorded = inheritedHandlers(type, 'activities');
  if (recorded.size === 0)
    throw new DefinitionError(`${type.name} has no activity. Write @Activity() above each method that may be called.`);
  refuseForeignHandlers('activities', type);
  const activities = new Map<string, ActivityDefinition>();
  for (const [method, options] of recorded) activities.set(method, activityDefinition(type, method, options));
  return { type, activities, undecorated: undecoratedMethods(type, recorded) };
}

function activityDefinition(type: Constructor, methodName: string, options: ActivityOptions): ActivityDefinition {
  const method = handlerOf(type, methodName);
  return {
    name: options.name ?? methodName,
    methodName,
    method,
    ...inputShapeOf({ type, methodName, method, decorator: '@Activity' }, options),
    queue: options.queue,
    retry: options.retry,
    concurrency: options.concurrency,
    hubConcurrency: options.hubConcurrency,
    startToCloseTimeoutInMilliseconds: options.startToCloseTimeoutInMilliseconds,
    scheduleToCloseTimeoutInMilliseconds: options.scheduleToCloseTimeoutInMilliseconds,
  };
}
