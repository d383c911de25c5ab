import type { CallAnswer } from '../core/operation.js';
import { uuidV5 } from '../core/uuid-v5.js';
import type { Json, ValueReference } from '../core/values.js';
import type { Journal, JournaledAnswer, JournaledCall } from '../wire/journal.js';
import type { OperationMessage } from '../wire/messages.js';
import { referencesIn, withValues } from '../wire/value-references.js';
import type { FetchedValues } from './fetched-values.js';

/** A call as the journal has it. */
interface Entry {
  readonly call: JournaledCall;
  /** As it is stored. */
  stored: JournaledAnswer | undefined;
  /** With its values, before its record is acknowledged. */
  arrived: CallAnswer | undefined;
  /** What the operation may see. Absent also: its values are not fetched. */
  answer: CallAnswer | undefined;
  /** Tells the operation, when it waits. */
  told: ((answer: CallAnswer) => void) | undefined;
}

/**
 * The calls of an entity's operation while it runs, and their answers (P18). They are committed beside the operation: when
 * its process dies it runs again, from the same input, with the answers that are here.
 */
export class OperationJournal {
  readonly #entries = new Map<number, Entry>();

  constructor(
    /** Tells the answers to these calls from those to others'. */
    readonly id: string,
    /** The digest of the operation's message. */
    readonly of: string,
    calls: Journal['calls'] = [],
  ) {
    for (const { answer, ...call } of calls)
      this.#entries.set(call.number, {
        call,
        stored: answer && { number: call.number, ...answer },
        arrived: undefined,
        answer: answer && referencesIn(answer).length === 0 ? answer : undefined,
        told: undefined,
      });
  }

  /** As a head has it. */
  get stored(): Journal {
    const calls = Array.from(this.#entries.values(), ({ call, stored }) => {
      if (!stored) return call;
      const { number: _number, ...answer } = stored;
      return { ...call, answer };
    });
    return { id: this.id, of: this.of, calls };
  }

  /** The large values of answers that the operation needs when it runs again, and that are not in memory. */
  get missing(): readonly ValueReference[] {
    return Array.from(this.#entries.values()).flatMap(({ stored, answer }) =>
      stored && !answer ? referencesIn(stored) : none,
    );
  }

  /** The keys of all values that it names. */
  get keys(): readonly string[] {
    return Array.from(this.#entries.values()).flatMap(({ stored }) =>
      stored ? referencesIn(stored).map(({ key }) => key) : [],
    );
  }

  /** The calls without an answer. */
  get open(): readonly number[] {
    return Array.from(this.#entries.values()).flatMap(({ stored, call }) => (stored ? [] : call.number));
  }

  find(number: number): JournaledCall | undefined {
    return this.#entries.get(number)?.call;
  }

  /** Whether somebody waits for this answer. */
  expects(number: number): boolean {
    const entry = this.#entries.get(number);
    return entry !== undefined && !entry.stored;
  }

  called(call: JournaledCall): void {
    this.#entries.set(call.number, { call, stored: undefined, arrived: undefined, answer: undefined, told: undefined });
  }

  /** An answer that is expected is here; its record is to follow. */
  arrived(number: number, answer: CallAnswer): void {
    this.#entries.get(number)!.arrived = answer;
  }

  answered(stored: JournaledAnswer): void {
    const entry = this.#entries.get(stored.number);
    if (entry) entry.stored = stored;
  }

  /** Fills in the values of answers. Throws CorruptHistoryError. */
  fill(fetched: FetchedValues): void {
    for (const entry of this.#entries.values())
      if (entry.stored && !entry.answer && !entry.arrived)
        entry.answer = withValues(entry.stored, (reference) => fetched.of(reference));
  }

  /** The answer to a call, now or later. */
  whenAnswered(number: number): Promise<CallAnswer> {
    const entry = this.#entries.get(number)!;
    if (entry.answer) return Promise.resolve(entry.answer);
    return new Promise((resolve) => (entry.told = resolve));
  }

  /** An answer is committed, and its record acknowledged: the operation may see it. */
  tell(number: number): void {
    const entry = this.#entries.get(number);
    if (!entry?.stored || !entry.arrived) return;
    entry.answer = entry.arrived;
    entry.told?.(entry.answer);
  }
}

const none: readonly ValueReference[] = [];

/** Tells inputs apart. */
export function digestOf(input: Json | undefined): string {
  return uuidV5(JSON.stringify(input ?? null));
}

/** Tells messages apart, but for such as are alike in all: either of two may then take the journal of the other. */
export function digestOfMessage({ name, input, inputRef, caller, session, number, id }: OperationMessage): string {
  return uuidV5(JSON.stringify([name, input, inputRef?.key, caller && Object.values(caller), session, number, id]));
}
