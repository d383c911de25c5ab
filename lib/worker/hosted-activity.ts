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
  readonly #request: ActivityRequest;

  constructor(request: ActivityRequest) {
    super();
    const { instanceId, name, attempt } = request;
    this.#request = request;
    this.instanceId = instanceId;
    this.activityName = name;
    this.attempt = attempt;
  }

  // Most code asks for neither of these: they are made when it does.

  /** No id holds a slash, so two keys are equal only if all their parts are. */
  get idempotencyKey(): string {
    const { instanceId, executionId, taskId } = this.#request;
    return `${instanceId}/${executionId}/${taskId}`;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }
}
