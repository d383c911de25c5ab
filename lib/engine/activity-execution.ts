import { toFailureDetails } from '../core/failure.js';
import type { Json, ValueReference } from '../core/values.js';
import { ActivityTimedOutError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Address } from '../wire/messages.js';
import type { ActivityRequest, ActivityResult, Host } from './host.js';
import { LargeValues, type ValuePorts } from './large-values.js';
import type { Clock } from './ports.js';
import type { NamedCode, UserCode } from './user-code.js';

/** The longest single wait, in milliseconds: longer ones are looked at again. */
const LONGEST_WAIT = 3_600_000;

/** What is to be run. */
export interface ActivityOrder {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input?: Json | undefined;
  readonly inputRef?: ValueReference | undefined;
  readonly attempt: number;
  /** How long it may take, in milliseconds. Default: what the activity's registration says. */
  readonly timeout?: number | undefined;
}

/** Whom a run tells. */
export interface ExecutionListener {
  /** How it went; not called after `stop`. */
  result(result: ActivityResult): void;
  /** The user's code has ended: after a timeout or `stop`, some time later than the result. */
  ended(): void;
}

/** One run of an activity's code in this process. */
export class ActivityExecution implements ActivityRequest, NamedCode {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  input: Json | undefined;
  readonly attempt: number;
  readonly #inputRef: ValueReference | undefined;
  readonly #timeout: number | undefined;
  readonly #listener: ExecutionListener;
  /** Made when somebody asks for the signal: most code does not. */
  #abort: AbortController | undefined;
  #stopReason: unknown;
  #isTold = false;
  #endWait = noWait;

  constructor(order: ActivityOrder, listener: ExecutionListener) {
    const { instanceId, executionId, taskId, name, input, inputRef, attempt, timeout } = order;
    this.instanceId = instanceId;
    this.executionId = executionId;
    this.taskId = taskId;
    this.name = name;
    this.input = input;
    this.#inputRef = inputRef;
    this.attempt = attempt;
    this.#timeout = timeout;
    this.#listener = listener;
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#stopReason !== undefined) this.#abort.abort(this.#stopReason);
    }
    return this.#abort.signal;
  }

  get address(): Address {
    return orchestrationAddress(this.instanceId);
  }

  get code(): string {
    return `Activity "${this.name}"`;
  }

  /** Runs the code, with a large input once it is here; the host has the activity. */
  begin(host: Host, ports: ValuePorts, userCode: UserCode): void {
    const timeout = this.#timeout ?? host.activitySettings?.get(this.name)?.timeout;
    if (timeout !== undefined) this.#expireAfter(timeout, ports.clock);
    const values = new LargeValues(ports);
    const run = (): Promise<ActivityResult> => this.#call(host, ports.clock, userCode);
    const running = this.#inputRef ? this.#fetch(this.#inputRef, values).then(run).catch(failed) : run();
    void running.then((result) => {
      userCode.end(this);
      this.#tell(fitting(this.name, result, values));
      this.#listener.ended();
    });
  }

  #call(host: Host, clock: Clock, userCode: UserCode): Promise<ActivityResult> {
    const began = clock.now();
    const result = host.activities.get(this.name)!(this);
    userCode.ran(this, began);
    userCode.begin(this);
    return result;
  }

  async #fetch(inputRef: ValueReference, values: LargeValues): Promise<void> {
    this.input = await values.get(inputRef);
  }

  /** Its result is of no interest any more: the code is told by its signal, and nobody is told how it went. */
  stop(reason: Error): void {
    this.#isTold = true;
    this.#endWait();
    this.#stopReason = reason;
    this.#abort?.abort(reason);
  }

  #tell(result: ActivityResult): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#endWait();
    this.#listener.result(result);
  }

  #expireAfter(milliseconds: number, clock: Clock): void {
    const wait = Math.min(milliseconds, LONGEST_WAIT);
    this.#endWait = clock.after(wait, () => {
      if (milliseconds > wait) return this.#expireAfter(milliseconds - wait, clock);
      const error = new ActivityTimedOutError(this.name, 'startToClose');
      this.#tell({ failure: toFailureDetails(error) });
      this.stop(error);
    });
  }
}

/** A result that is too large to be stored is a failure that the orchestrator can catch. */
function fitting(name: string, result: ActivityResult, values: LargeValues): ActivityResult {
  try {
    values.textIn(result, () => `The result of activity "${name}"`);
    return result;
  } catch (error) {
    return failed(error);
  }
}

const noWait = (): void => {};

function failed(error: unknown): ActivityResult {
  return { failure: toFailureDetails(error) };
}
