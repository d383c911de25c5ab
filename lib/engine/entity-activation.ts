import { EntityExecutor } from '../core/entity-executor.js';
import { toFailureDetails } from '../core/failure.js';
import type { EntityId } from '../core/history.js';
import type { OperationOutcome } from '../core/operation.js';
import type { Json } from '../core/values.js';
import { OperationTimeoutError, type FailureDetails, type PerdureError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityHead, Head } from '../wire/head.js';
import type { Addressed, OperationMessage, ResultMessage } from '../wire/messages.js';
import type { Outcome, StepEntry } from '../wire/record.js';
import type { Activation, Captured, CodeName, InputBody, StepOutput } from './activation.js';
import type { Host } from './host.js';
import type { PartitionPorts } from './ports.js';

/** A durable entity loaded in memory. */
export class EntityActivation implements Activation {
  readonly #id: EntityId;
  readonly #host: Host;
  readonly #ports: Pick<PartitionPorts, 'clock' | 'logger'>;
  readonly #executor: EntityExecutor | undefined;
  /** What the log says; the executor's own copy may be one operation ahead. */
  #state: Json | undefined;
  #updatedAt = 0;

  constructor(id: EntityId, host: Host, ports: Pick<PartitionPorts, 'clock' | 'logger'>, head: EntityHead | undefined) {
    this.#id = id;
    this.#host = host;
    this.#ports = ports;
    this.#state = head?.state;
    this.#updatedAt = head?.updatedAt ?? 0;
    const program = host.entities.get(id.name);
    this.#executor = program && new EntityExecutor(program, id, host.core);
  }

  /** After the last recovered entry was applied, before the first step. */
  resume(): void {
    this.#executor?.load(this.#state);
  }

  get state(): Json | undefined {
    return this.#state;
  }

  mustWait(input: InputBody): boolean {
    if (input.kind !== 'operation') return false;
    return this.#host.entities.get(this.#id.name)?.operation(input.name)?.isAsync ?? false;
  }

  foreignCode(input: InputBody): CodeName | undefined {
    return this.#executor || input.kind !== 'operation' ? undefined : { kind: 'entity', name: this.#id.name };
  }

  ranElsewhere(now: number): void {
    this.#updatedAt = Math.max(this.#updatedAt, now);
  }

  step(input: InputBody, now: number): StepOutput | Promise<StepOutput> {
    if (input.kind !== 'operation')
      return { entry: { refused: `An entity takes operations, not "${input.kind}"` }, messages: [] };
    this.#updatedAt = Math.max(this.#updatedAt, now);
    const outcome = this.#execute(input);
    return outcome instanceof Promise
      ? this.#inTime(input, outcome).then((settled) => this.#output(input, settled))
      : this.#output(input, outcome);
  }

  replace(input: InputBody, error: PerdureError): StepOutput {
    this.#executor?.load(this.#state);
    if (input.kind !== 'operation') return { entry: { refused: error.message }, messages: [] };
    return this.#output(input, {
      failure: toFailureDetails(error),
      changed: false,
      state: this.#state,
      messages: [],
    });
  }

  #execute({ name, input }: OperationMessage): OperationOutcome | Promise<OperationOutcome> {
    return this.#executor!.execute({ name, input, at: this.#updatedAt });
  }

  /** The outcome, or the failure of an operation that has taken longer than it may. */
  #inTime({ name }: OperationMessage, outcome: Promise<OperationOutcome>): Promise<OperationOutcome> {
    const limit = this.#host.entities.get(this.#id.name)!.operation(name)!.timeoutInMilliseconds;
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(limit, () =>
        resolve(this.#executor!.abandon(new OperationTimeoutError(this.#id.name, name, limit))),
      );
      void outcome.then((settled) => {
        cancel();
        resolve(settled);
      });
    });
  }

  #output(message: OperationMessage, outcome: OperationOutcome): StepOutput {
    const { result, failure, changed, state } = outcome;
    const told = { ...(result !== undefined && { result }), ...(failure && { failure }) };
    const messages = outcome.messages.map(signalOf);
    if (message.caller) messages.push(resultFor(message.caller, told));
    else if (failure && !message.reply) this.#logFailure(message, failure);
    const known: Outcome | undefined = message.reply && message.id ? { id: message.id, ...told } : undefined;
    return {
      entry: {
        ...(changed && (state === undefined ? { deleted: true as const } : { state })),
        ...(known && { outcome: known }),
      },
      messages,
      notices: known && message.reply ? [[message.reply, { v: 1, kind: 'outcome', outcome: known }]] : undefined,
    };
  }

  /** Nobody waits for a signal: only the log can tell of its failure. */
  #logFailure({ name: operation }: OperationMessage, { name, message }: FailureDetails): void {
    this.#ports.logger.warn('A signalled operation failed', {
      instance: entityAddress(this.#id),
      operation,
      failure: `${name}: ${message}`,
    });
  }

  apply(entry: StepEntry): void {
    if (entry.deleted) this.#state = undefined;
    else if (entry.state !== undefined) this.#state = entry.state;
  }

  capture(): Captured {
    const { name, key } = this.#id;
    const [state, updatedAt] = [this.#state, this.#updatedAt];
    return {
      wake: undefined,
      head: (stamp): Head => ({
        v: 1,
        type: 'entity',
        ...stamp,
        name,
        key,
        updatedAt,
        ...(state !== undefined && { state }),
      }),
    };
  }

  pendingActivities(): readonly [] {
    return [];
  }

  get dueAt(): undefined {
    return undefined;
  }

  get holdsBack(): boolean {
    return false;
  }
}

function signalOf({ entity, operation, input }: OperationOutcome['messages'][number]): Addressed {
  return [entityAddress(entity), { kind: 'operation', name: operation, ...(input !== undefined && { input }) }];
}

function resultFor(
  { address, executionId, taskId }: NonNullable<OperationMessage['caller']>,
  told: Pick<ResultMessage, 'result' | 'failure'>,
): Addressed {
  return [address, { kind: 'result', of: 'operation', executionId, taskId, ...told }];
}
