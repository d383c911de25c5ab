import { parseAddress } from '../wire/addresses.js';
import type { ResultMessage } from '../wire/messages.js';
import type { PendingActivity } from './activation.js';
import { ActivityExecution, type ExecutionListener } from './activity-execution.js';
import type { SlotWaiter } from './activity-slots.js';
import type { ActivityResult, Host } from './host.js';
import type { Instance } from './instance.js';
import type { PartitionPorts } from './ports.js';
import type { UserCode } from './user-code.js';

/** Whom a run of the owner's own tells. */
export interface LocalRunListener {
  /** It has its slot. */
  begun(run: LocalRun): void;
  result(result: ResultMessage): void;
  /** The code has ended: the slot is free. */
  ended(run: LocalRun): void;
}

/** One run of an activity in its owner's process, from the line for a slot to the end of its code. */
export class LocalRun implements SlotWaiter, ExecutionListener {
  readonly #host: Host;
  readonly #ports: PartitionPorts;
  readonly #listener: LocalRunListener;
  readonly #execution: ActivityExecution;
  readonly #code: UserCode;
  readonly instance: Instance;
  readonly activity: PendingActivity;
  /** Since when it waits, in milliseconds since 1970. */
  readonly since: number;
  hasBegun = false;

  constructor(
    host: Host,
    ports: PartitionPorts,
    instance: Instance,
    activity: PendingActivity,
    listener: LocalRunListener,
    code: UserCode,
  ) {
    this.#code = code;
    this.#host = host;
    this.#ports = ports;
    this.#listener = listener;
    this.instance = instance;
    this.activity = activity;
    this.since = ports.clock.now();
    const { executionId, attempt, request } = activity;
    const addressee = parseAddress(instance.address);
    const instanceId = addressee.kind === 'orchestration' ? addressee.instanceId : '';
    const { id: taskId, name, input, inputRef, timeout } = request;
    const order = { instanceId, executionId, taskId, name, input, inputRef, attempt, timeout };
    this.#execution = new ActivityExecution(order, this);
  }

  get name(): string {
    return this.activity.request.name;
  }

  begin(): void {
    this.hasBegun = true;
    this.#listener.begun(this);
    this.#execution.begin(this.#host, this.#ports, this.#code);
  }

  stop(reason: Error): void {
    this.#execution.stop(reason);
  }

  result(result: ActivityResult): void {
    const { executionId, request } = this.activity;
    this.#listener.result({ kind: 'result', of: 'activity', executionId, taskId: request.id, ...result });
  }

  ended(): void {
    this.#listener.ended(this);
  }
}
