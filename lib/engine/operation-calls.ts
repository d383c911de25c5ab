import { toFailureDetails } from '../core/failure.js';
import type { EntityId } from '../core/history.js';
import type { CallAnswer, CallPort, EntityCall } from '../core/operation.js';
import type { Json } from '../core/values.js';
import { CallCycleError, OperationChangedError } from '../errors.js';
import { entityAddress, isEntityAddress } from '../wire/addresses.js';
import type { JournaledCall } from '../wire/journal.js';
import type { Address, ResultMessage } from '../wire/messages.js';
import { withValues } from '../wire/value-references.js';
import type { StepOutput } from './activation.js';
import type { EntityLocks } from './entity-locks.js';
import type { FetchedValues } from './fetched-values.js';
import { digestOf } from './operation-journal.js';
import type { OperationJournals } from './operation-journals.js';
import type { PartitionPorts } from './ports.js';

/** Commits a step of an entity beside the operation that it runs: at once, or when its large values are stored and if it still runs. */
export type Beside = (entity: Address, output: StepOutput, isWanted: () => boolean) => void | Promise<void>;

/**
 * The calls that the operations of one entity make, and their answers: both are committed in the entity's journals before
 * anything comes of them (P18).
 */
export class OperationCalls implements CallPort {
  readonly #own: EntityId;
  readonly #journals: OperationJournals;
  readonly #locks: EntityLocks;
  readonly #random: PartitionPorts['random'];
  readonly #beside: Beside;

  constructor(
    own: EntityId,
    journals: OperationJournals,
    locks: EntityLocks,
    random: PartitionPorts['random'],
    beside: Beside,
  ) {
    this.#own = own;
    this.#journals = journals;
    this.#locks = locks;
    this.#random = random;
    this.#beside = beside;
  }

  call(number: number, { entity, operation, input }: EntityCall): Promise<CallAnswer> {
    const to = entityAddress(entity);
    const call = { number, to, operation, input: digestOf(input) };
    const before = this.#journals.current?.find(number);
    if (before) this.#checkSame(before, call);
    const begun = before ? undefined : this.#begin(call, input);
    if (!begun) return this.#journals.current!.whenAnswered(number);
    return begun.then(() => this.#journals.current!.whenAnswered(number));
  }

  #begin(call: JournaledCall, input: Json | undefined): void | Promise<void> {
    const { number, to, operation } = call;
    const { running } = this.#journals;
    const own = entityAddress(this.#own);
    const chain = [...(running?.chain ?? []), ...(running ? this.#locks.waitsFor(running) : []), own];
    if (chain.includes(to)) throw new CallCycleError(cycleOf(chain, to));
    const called = this.#journals.start(call, () => this.#random.id());
    const caller = { address: own, executionId: called.journal, taskId: number };
    const asked = { kind: 'operation' as const, name: operation, ...(input !== undefined && { input }), caller, chain };
    const output = { entry: { called }, messages: [[to, asked] as const] };
    return this.#beside(own, output, () => this.#journals.running === running);
  }

  #checkSame(before: JournaledCall, call: JournaledCall): void {
    if (before.to === call.to && before.operation === call.operation && before.input === call.input) return;
    const text = ({ to, operation }: JournaledCall): string => `${to} ${operation}`;
    const { name } = this.#journals.running!;
    throw new OperationChangedError(this.#own.name, name, call.number, text(before), text(call));
  }

  /** The answer to a call; nobody waits for one to an operation that has ended. */
  answer(message: ResultMessage, fetched: FetchedValues): StepOutput {
    const journal = this.#journals.expecting(message);
    if (!journal) return { entry: { refused: 'No operation waits for this answer' }, messages: [] };
    const { taskId: number, result, resultRef, failure } = message;
    let told = {
      ...(result !== undefined && { result }),
      ...(resultRef && { resultRef }),
      ...(failure && { failure }),
    };
    try {
      journal.arrived(
        number,
        withValues(told, (reference) => fetched.of(reference)),
      );
    } catch (error) {
      told = { failure: toFailureDetails(error) };
      journal.arrived(number, told);
    }
    return { entry: { answered: { journal: journal.id, number, ...told } }, messages: [] };
  }
}

/** The part of a chain that would wait for itself. What a critical section locks waits for its holder, and stands before it. */
function cycleOf(chain: readonly Address[], to: Address): readonly Address[] {
  const holder = chain.findIndex((address) => !isEntityAddress(address));
  return [to, ...chain.slice(Math.max(chain.indexOf(to) + 1, holder)), to];
}
