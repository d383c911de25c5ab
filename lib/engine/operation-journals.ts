import type { Journal, JournaledCall, StartedCall } from '../wire/journal.js';
import type { OperationMessage, ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { digestOfMessage, OperationJournal } from './operation-journal.js';

/**
 * The journals of an entity (P18): of the operation that runs, and of such as ran when their process died, until their turn
 * comes again. A new owner may come to other messages before them.
 */
export class OperationJournals {
  #journals = empty;
  /** That of the operation that runs, once it has called. */
  #current: OperationJournal | undefined;
  #running: OperationMessage | undefined;
  /** Its journal to be, while its first calls are being committed. */
  #begun: { readonly id: string; readonly of: string } | undefined;

  constructor(stored: readonly Journal[] = []) {
    for (const { id, of, calls } of stored) this.#put(new OperationJournal(id, of, calls));
  }

  /** As a head has them; undefined: there are none. */
  get stored(): readonly Journal[] | undefined {
    return this.isEmpty ? undefined : Array.from(this.#journals.values(), ({ stored }) => stored);
  }

  get isEmpty(): boolean {
    return this.#journals.size === 0;
  }

  /** Whether none is left when a step's entry is taken in. */
  isEmptyAfter({ called, ended }: StepOutput['entry']): boolean {
    return !called && this.#journals.size === (ended !== undefined && this.#journals.has(ended) ? 1 : 0);
  }

  get current(): OperationJournal | undefined {
    return this.#current;
  }

  /** The operation that runs. */
  get running(): OperationMessage | undefined {
    return this.#running;
  }

  /** Whether one waits for an answer. */
  get isOpen(): boolean {
    for (const { open } of this.#journals.values()) if (open.length > 0) return true;
    return false;
  }

  /** Whose answers are missing, for people: the address of the entity, and the operation. */
  get waitsFor(): readonly string[] {
    if (this.isEmpty) return none;
    return Array.from(this.#journals.values()).flatMap((journal) =>
      journal.open.map((number) => {
        const { to, operation } = journal.find(number)!;
        return `${to} ${operation}`;
      }),
    );
  }

  /** The keys of all values that they name. */
  get keys(): readonly string[] {
    return this.isEmpty ? none : Array.from(this.#journals.values()).flatMap(({ keys }) => keys);
  }

  /** The journal of a message. */
  of(message: OperationMessage): OperationJournal | undefined {
    if (this.isEmpty) return undefined;
    const digest = digestOfMessage(message);
    for (const journal of this.#journals.values()) if (journal.of === digest) return journal;
    return undefined;
  }

  /** An operation begins, perhaps again. */
  begin(message: OperationMessage): OperationJournal | undefined {
    this.#running = message;
    this.#begun = undefined;
    return (this.#current = this.of(message));
  }

  /** The operation has ended; the id of its journal, if it has one. It is still there until the record says so. */
  end(): string | undefined {
    this.#running = undefined;
    return this.#current?.id;
  }

  /** A call of the operation that runs, to be committed; `newId`: for its journal, if it is the first one. */
  start(call: JournaledCall, newId: () => string): StartedCall {
    const { id, of } = this.#current ?? (this.#begun ??= { id: newId(), of: digestOfMessage(this.#running!) });
    return { journal: id, of, ...call };
  }

  /** The journal that an answer is for, when nobody has answered before. */
  expecting({ executionId, taskId }: Pick<ResultMessage, 'executionId' | 'taskId'>): OperationJournal | undefined {
    const journal = this.#journals.get(executionId);
    return journal?.expects(taskId) ? journal : undefined;
  }

  tell({ executionId, taskId }: ResultMessage): void {
    this.#journals.get(executionId)?.tell(taskId);
  }

  /** Takes a step's entry in; the keys of values that are named no more. */
  apply({ called, answered, ended }: StepOutput['entry']): readonly string[] {
    if (called) this.#called(called);
    if (answered) this.#journals.get(answered.journal)?.answered(answered);
    const over = ended === undefined ? undefined : this.#journals.get(ended);
    if (!over) return none;
    this.#journals.delete(over.id);
    if (this.#current === over) this.#current = undefined;
    return over.keys;
  }

  #put(journal: OperationJournal): OperationJournal {
    if (this.#journals === empty) this.#journals = new Map();
    this.#journals.set(journal.id, journal);
    return journal;
  }

  #called({ journal: id, of, ...call }: StartedCall): void {
    const journal = this.#journals.get(id) ?? this.#put(new OperationJournal(id, of));
    if (this.#begun?.id === id) this.#current = journal;
    journal.called(call);
  }
}

const none: readonly never[] = [];
/** Of entities that do not call: nothing is put here. */
const empty = new Map<string, OperationJournal>();
