import { parseAddress } from '../wire/addresses.js';
import type { TaskRequest } from '../wire/tasks.js';
import { ActivityExecution } from './activity-execution.js';
import type { SlotWaiter } from './activity-slots.js';
import type { ActivityResult, Host } from './host.js';
import { MOST_LOST } from './orchestration-activities.js';
import type { HubPorts, QueuedTask } from './ports.js';
import type { UserCode } from './user-code.js';

/** A request from a work queue in the hands of a worker, from its delivery to its acknowledgement. */
export class TaskRun implements SlotWaiter {
  readonly queue: string;
  readonly request: TaskRequest;
  /** The number of this run, from 1, and how many of those before ended with their process. */
  readonly attempt: number;
  readonly lost: number;
  /** When its owner was asked last whether it is wanted, in milliseconds since 1970. */
  askedAt: number;
  /** Nobody waits for its result any more. */
  isCanceled = false;
  /** This worker leaves it to others. */
  isLeft = false;
  /** Its code has begun, its result is stored. */
  hasBegun = false;
  isTold = false;
  #task: QueuedTask;
  #execution: ActivityExecution | undefined;
  #onSlot: ((hasSlot: boolean) => void) | undefined;
  #onCancel = (): void => {};

  constructor(queue: string, request: TaskRequest, task: QueuedTask, now: number) {
    this.queue = queue;
    this.request = request;
    this.#task = task;
    this.attempt = (request.runs ?? 0) + task.deliveries;
    // What waits for its last run is lost with a process that only holds it: that is no loss of its own.
    const lost = (request.lost ?? 0) + task.deliveries - 1;
    this.lost = request.isLast ? lost : Math.min(lost, MOST_LOST - 1);
    this.askedAt = now;
  }

  get key(): string {
    return `${this.request.executionId}.${this.request.taskId}`;
  }

  get name(): string {
    return this.request.name;
  }

  get storedAt(): number {
    return this.#task.time;
  }

  /** The queue has delivered it again, because a sign of life was lost: it goes on, and answers for that delivery. */
  adopt(task: QueuedTask): void {
    this.#task = task;
  }

  keep(): void {
    this.#task.keep();
  }

  acknowledge(): Promise<boolean> {
    return this.#task.acknowledge();
  }

  /** Resolves with whether it has a slot; without one after a time, or when it is cancelled. */
  slot(milliseconds: number, { clock }: HubPorts): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = clock.after(milliseconds, () => this.#onSlot?.(false));
      this.#onSlot = (hasSlot) => {
        this.#onSlot = undefined;
        cancel();
        resolve(hasSlot);
      };
    });
  }

  /** It has its slot. */
  begin(): void {
    this.#onSlot?.(true);
  }

  /** Runs the code; tells how it went, unless it was cancelled, and when the code has ended. */
  run(
    host: Host,
    hub: HubPorts,
    code: UserCode,
  ): { readonly result: Promise<ActivityResult | undefined>; readonly ended: Promise<void> } {
    const { to, executionId, taskId, name, input, inputRef, timeout } = this.request;
    const addressee = parseAddress(to);
    const instanceId = addressee.kind === 'orchestration' ? addressee.instanceId : '';
    this.hasBegun = true;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const result = new Promise<ActivityResult | undefined>((resolve) => {
      this.#onCancel = () => resolve(undefined);
      const order = { instanceId, executionId, taskId, name, input, inputRef, timeout, attempt: this.attempt };
      this.#execution = new ActivityExecution(order, { result: resolve, ended: () => end() });
      this.#execution.begin(host, hub, code);
    });
    return { result, ended };
  }

  /** Its result is not wanted: the code is told, and no result is sent. */
  cancel(reason: Error): void {
    this.isCanceled = true;
    this.#stop(reason);
  }

  /** This worker stops: the code is told, and no result is sent. */
  leave(reason: Error): void {
    this.isLeft = true;
    this.#stop(reason);
  }

  #stop(reason: Error): void {
    this.#execution?.stop(reason);
    this.#onCancel();
    this.#onSlot?.(false);
  }
}
