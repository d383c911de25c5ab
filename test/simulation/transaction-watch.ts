import type { Json } from '../../lib/core/values.js';
import type { LockHeld } from '../../lib/wire/locks.js';
import type { Caller } from '../../lib/wire/messages.js';
import type { Prepared } from '../../lib/wire/prepared.js';
import type { StepEntry } from '../../lib/wire/record.js';
import type { Violation } from './instance-watch.js';

/** What a transaction has prepared in an entity, as a head has to have it. */
interface Known {
  readonly operations: number;
  readonly messages: number;
  /** The state, when it is another; null: it is gone. */
  readonly state?: Json;
}

/** Follows what transactions prepare in an entity through the records of its log, and what becomes of it (P23). */
export class TransactionWatch {
  /** Transactions that had locked it, and whether it was told that they are committed. */
  readonly ended: { readonly holder: Caller; readonly isCommitted: boolean }[] = [];
  #known: Known | undefined;
  readonly #wrong: Violation;

  constructor(violation: Violation) {
    this.#wrong = (text) => violation(`P23: ${text}`);
  }

  get known(): Known | undefined {
    return this.#known;
  }

  /** `held`: the lock before this step. What it returns is the state from here on. */
  apply(entry: StepEntry, held: LockHeld | undefined): { readonly state: Json | undefined } | undefined {
    const { prepared, lock, deleted, state } = entry;
    if (held?.transaction && (deleted || state !== undefined))
      this.#wrong(`it became ${JSON.stringify(state)} while a transaction had locked it`);
    if (prepared && !held?.transaction) this.#wrong('something was prepared, and no transaction has locked it');
    if (prepared) this.#prepare(prepared);
    if (lock?.type === 'asked' && !held?.transaction)
      this.#wrong('it asks for the end of a transaction that is not there');
    return lock?.type === 'ended' ? this.#end(lock.why, held) : undefined;
  }

  #prepare({ state, deleted, messages = [] }: NonNullable<StepEntry['prepared']>): void {
    const before = this.#known;
    const next = deleted ? null : (state ?? before?.state);
    this.#known = {
      operations: (before?.operations ?? 0) + 1,
      messages: (before?.messages ?? 0) + messages.length,
      ...(next !== undefined && { state: next }),
    };
  }

  #end(why: string, held: LockHeld | undefined): { readonly state: Json | undefined } | undefined {
    const known = this.#known;
    const isCommitted = why === 'committed';
    this.#known = undefined;
    if (!held?.transaction) {
      if (isCommitted) this.#wrong('what is no transaction was committed');
      return undefined;
    }
    if (why === 'expired' || why === 'broken') this.#wrong(`it decided a transaction alone: ${why}`);
    this.ended.push({ holder: held.holder, isCommitted });
    return isCommitted && known && 'state' in known ? { state: known.state ?? undefined } : undefined;
  }
}

/** What a head has of a transaction, to be compared with what is known. */
export function knownIn(prepared: Prepared | undefined): Known | undefined {
  if (!prepared) return undefined;
  const { operations, state, deleted, messages = [] } = prepared;
  const next = deleted ? null : state;
  return { operations, messages: messages.length, ...(next !== undefined && { state: next }) };
}
