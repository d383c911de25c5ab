import { parseAddress } from '../wire/addresses.js';
import type { ResultMessage } from '../wire/messages.js';
import type { PendingActivity } from './activation.js';
import { ActivityExecution, type ExecutionListener } from './activity-execution.js';
import type { SlotWaiter } from './activity-slots.js';
import type { ActivityResult, Host } from './host.js';
import type { Instance } from './instance.js';
import type { PartitionPorts } from './ports.js';
import type { UserCode } from './user-code.js';

/** Whom the owner's own runs tell. */
export interface LocalRunListener {
  /** It has its slot. */
  begun(run: LocalRun): void;
  result(run: LocalRun, result: ResultMessage): void;
  /** The code has ended: the slot is free. */
  ended(run: LocalRun): void;
}

/** What all runs of one owner have in common. */
export interface LocalRunSurroundings {
  readonly host: Host;
  readonly ports: PartitionPorts;
  readonly code: UserCode;
  readonly listener: LocalRunListener;
}

/** One run of an activity in its owner's process, from the line for a slot to the end of its code. */
export class LocalRun implements SlotWaiter, ExecutionListener {
  readonly #surroundings: LocalRunSurroundings;
  readonly #execution: ActivityExecution;
  /** No other run of its owner has the same. */
  readonly key: string;
  readonly instance: Instance;
  readonly activity: PendingActivity;
  /** Since when it waits, in milliseconds since 1970. */
  readonly since: number;
  hasBegun = false;

  constructor(key: string, instance: Instance, activity: PendingActivity, surroundings: LocalRunSurroundings) {
    this.#surroundings = surroundings;
    this.key = key;
    this.instance = instance;
    this.activity = activity;
    this.since = surroundings.ports.clock.now();
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
    const { host, ports, code, listener } = this.#surroundings;
    this.hasBegun = true;
    listener.begun(this);
    this.#execution.begin(host, ports, code);
  }

  stop(reason: Error): void {
    this.#execution.stop(reason);
  }

  result(result: ActivityResult): void {
    const { executionId, request } = this.activity;
    const message = { kind: 'result', of: 'activity', executionId, taskId: request.id, ...result } as const;
    this.#surroundings.listener.result(this, message);
  }

  ended(): void {
    this.#surroundings.listener.ended(this);
  }
}
