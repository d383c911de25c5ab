import { toFailureDetails } from '../core/failure.js';
import { PayloadTooLargeError, UnknownActivityError } from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import { largestMessage } from '../wire/body-limit.js';
import { utf8Length } from '../wire/text.js';
import type { ResultMessage } from '../wire/messages.js';
import type { PendingActivity } from './activation.js';
import type { ActivityRequest, ActivityResult, Host } from './host.js';
import type { Instance } from './instance.js';
import type { PartitionPorts } from './ports.js';

/** Told when an activity has ended: its result is an input of its instance. */
export type ActivityListener = (instance: Instance, result: ResultMessage) => void;

/** Runs the activities of a partition's instances in this process, each at least once (C1: after their commit). */
export class ActivityRunner {
  readonly #host: Host;
  readonly #ports: PartitionPorts;
  readonly #listener: ActivityListener;
  readonly #running = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #isDraining = false;

  constructor(host: Host, ports: PartitionPorts, listener: ActivityListener) {
    this.#host = host;
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Starts an activity unless it runs already. `attempt` is 2 when a former owner may have started it. */
  start(instance: Instance, activity: PendingActivity, attempt: number): void {
    const key = `${activity.executionId}.${activity.taskId}`;
    if (this.#running.has(key) || this.#isDraining || this.#abort.signal.aborted) return;
    instance.runningActivities++;
    const running = this.#run(instance, activity, attempt).finally(() => {
      this.#running.delete(key);
      instance.runningActivities--;
    });
    this.#running.set(key, running);
  }

  /**
   * Starts none any more: the next owner does. Resolves when none runs, or after a time: what still runs then is told to
   * stop, and runs again later elsewhere.
   */
  async drain(milliseconds: number): Promise<void> {
    this.#isDraining = true;
    const timeout = new Promise<void>((resolve) => this.#ports.clock.after(milliseconds, resolve));
    let isLate = false;
    void timeout.then(() => (isLate = true));
    while (this.#running.size > 0 && !isLate) await Promise.race([timeout, Promise.allSettled(this.#running.values())]);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(instance: Instance, activity: PendingActivity, attempt: number): Promise<void> {
    const { executionId, taskId, name, input } = activity;
    const addressee = parseAddress(instance.address);
    if (addressee.kind !== 'orchestration') return;
    const { signal } = this.#abort;
    const result = await this.#result({
      instanceId: addressee.instanceId,
      executionId,
      taskId,
      name,
      input,
      attempt,
      signal,
    });
    if (signal.aborted) return;
    this.#listener(instance, { kind: 'result', of: 'activity', executionId, taskId, ...result });
  }

  async #result(request: ActivityRequest): Promise<ActivityResult> {
    const activity = this.#host.activities.get(request.name);
    if (activity) return this.#fitting(request, await activity(request));
    return { failure: toFailureDetails(new UnknownActivityError(request.name, [...this.#host.activities.keys()])) };
  }

  /** A result that no step could record is a failure that the orchestrator can catch. */
  #fitting({ name }: ActivityRequest, result: ActivityResult): ActivityResult {
    if ('failure' in result || result.result === undefined) return result;
    const bytes = utf8Length(JSON.stringify(result.result));
    const limit = largestMessage(this.#ports.maxBodyBytes);
    if (bytes <= limit) return result;
    return { failure: toFailureDetails(new PayloadTooLargeError(`The result of activity "${name}"`, bytes, limit)) };
  }
}
