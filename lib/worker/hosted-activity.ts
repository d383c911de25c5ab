import { ActivityContext } from '../core/activity-context.js';
import { toFailureDetails } from '../core/failure.js';
import type { ValueCodec } from '../core/values.js';
import type { BoundActivity } from '../definitions/programs.js';
import type { Activity, ActivityRequest } from '../engine/host.js';

/** The activity as the engine runs it: whatever the user's code does, the promise resolves. */
export function hostedActivity(activity: BoundActivity, values: ValueCodec): Activity {
  return async (request) => {
    try {
      const result = values.encode(await activity.invoke(request.input, new ActivityAttempt(request)));
      return result === undefined ? {} : { result };
    } catch (error) {
      return { failure: toFailureDetails(error) };
    }
  };
}

/** What one attempt of an activity knows of its surroundings. */
class ActivityAttempt extends ActivityContext {
  readonly instanceId: string;
  readonly activityName: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly #request: ActivityRequest;

  constructor(request: ActivityRequest) {
    super();
    const { instanceId, executionId, taskId, name, attempt } = request;
    this.#request = request;
    this.instanceId = instanceId;
    this.activityName = name;
    this.attempt = attempt;
    // No id holds a slash, so two keys are equal only if all their parts are.
    this.idempotencyKey = `${instanceId}/${executionId}/${taskId}`;
  }

  /** Made when it is asked for. */
  get signal(): AbortSignal {
    return this.#request.signal;
  }
}
