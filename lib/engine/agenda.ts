import type { StoredReminder } from '../core/entity-options.js';
import { nextTime } from '../core/reminder-changes.js';
import type { OperationMessage } from '../wire/messages.js';
import type { PlannedOperation } from '../wire/planned.js';
import { utf8Length } from '../wire/text.js';
import type { InputBody, StepOutput } from './activation.js';

/** Signals are taken while so many operations at most wait in the entity for their times, */
const MOST = 1_000;
/** of so many bytes of JSON. They are in its head. */
const LONGEST = 256 * 1024;

type Entry = Pick<StepOutput['entry'], 'planned' | 'unplanned' | 'purged'>;

/**
 * What an entity is to do at times: scheduled signals, which it keeps until they are due, and its reminders. Changed by `apply`
 * alone.
 */
export class Agenda {
  #planned = empty;
  /** The bytes of what is planned. */
  #bytes = 0;
  /** The earliest; undefined: not looked for since the last change. */
  #first: PlannedOperation | undefined;

  constructor(stored: readonly PlannedOperation[] = []) {
    for (const planned of stored) this.#put(planned);
  }

  get size(): number {
    return this.#planned.size;
  }

  /** As a head has it; undefined: nothing. */
  get stored(): readonly PlannedOperation[] | undefined {
    return this.#planned.size === 0 ? undefined : [...this.#planned.values()];
  }

  /** What is due first; of equal times, what was planned first. */
  get first(): PlannedOperation | undefined {
    if (!this.#first)
      for (const each of this.#planned.values()) if (!this.#first || each.at < this.#first.at) this.#first = each;
    return this.#first;
  }

  /** `current`: what is being carried out; if it comes once, it is no reminder any more. */
  reminders(current: PlannedOperation | undefined): readonly StoredReminder[] {
    if (this.#planned.size === 0) return none;
    const over = current?.every === undefined ? current?.id : undefined;
    return Array.from(this.#planned.values()).flatMap(({ id, reminder, name: operation, at, every, input }) =>
      reminder === undefined || id === over
        ? []
        : {
            name: reminder,
            operation,
            at,
            ...(every !== undefined && { every }),
            ...(input !== undefined && { input }),
          },
    );
  }

  /** The keys of the values that it names. */
  get keys(): readonly string[] {
    if (this.#planned.size === 0) return none;
    return Array.from(this.#planned.values()).flatMap(({ inputRef }) => (inputRef ? [inputRef.key] : []));
  }

  /** Whether one more finds room. */
  hasRoomFor(planned: PlannedOperation): boolean {
    return this.#planned.size < MOST && this.#bytes + bytesOf(planned) <= LONGEST;
  }

  /** Whether nothing is left when a step's entry is taken in. */
  isEmptyAfter({ planned, unplanned = none }: Entry): boolean {
    if (planned) return false;
    return this.#planned.size === unplanned.filter((id) => this.#planned.has(id)).length;
  }

  /** Takes a step's entry in; the keys of values that are named no more. */
  apply({ planned, unplanned, purged }: Entry): readonly string[] {
    if (!planned && !unplanned && !purged) return none;
    const before = this.keys;
    if (purged) for (const id of this.#planned.keys()) this.#delete(id); // also what a head from before would bring back
    for (const id of unplanned ?? []) this.#delete(id);
    for (const each of planned ?? []) this.#put(each);
    this.#first = undefined;
    const after = new Set(this.keys);
    return before.filter((key) => !after.has(key));
  }

  #put(planned: PlannedOperation): void {
    if (this.#planned === empty) this.#planned = new Map();
    const before = this.#planned.get(planned.id);
    this.#bytes += bytesOf(planned) - (before ? bytesOf(before) : 0);
    this.#planned.set(planned.id, planned);
  }

  #delete(id: string): void {
    const planned = this.#planned.get(id);
    if (planned && this.#planned.delete(id)) this.#bytes -= bytesOf(planned);
  }
}

const none: readonly never[] = [];
/** Of entities that plan nothing: nothing is put here. */
const empty = new Map<string, PlannedOperation>();

/** Whether an entity is told that the time of something planned has come. */
export function isOwn({ kind }: InputBody): boolean {
  return kind === 'due' || kind === 'resume';
}

/** Whether a signal is to be carried out later. Of a call the time does not matter. */
export function isEarly({ due, caller, reply }: OperationMessage, now: number): boolean {
  return due !== undefined && due > now && !caller && reply === undefined;
}

/** A signal that is not due yet, as it is kept until then. */
export function plannedOf({ due = 0, name, input, inputRef }: OperationMessage, id: string): PlannedOperation {
  return { id, at: due, name, ...(input !== undefined && { input }), ...(inputRef && { inputRef }) };
}

function bytesOf(planned: PlannedOperation): number {
  return utf8Length(JSON.stringify(planned));
}

/** A planned operation as a message, each time one of its own. */
export function messageOf({ id, at, name, input, inputRef }: PlannedOperation): OperationMessage {
  return {
    kind: 'operation',
    name,
    id: `planned.${id}.${at}`,
    ...(input !== undefined && { input }),
    ...(inputRef && { inputRef }),
  };
}

/** What becomes of the agenda when a planned operation was carried out, and the operation set and cancelled reminders. */
export function agendaAfter(
  done: PlannedOperation | undefined,
  now: number,
  reminders: ReadonlyMap<string, StoredReminder | undefined> = noReminders,
): Entry {
  if (!done && reminders.size === 0) return {};
  const planned = new Map<string, PlannedOperation>();
  const unplanned = new Set<string>();
  if (done?.every !== undefined) planned.set(done.id, { ...done, at: nextTime(done.at, done.every, now) });
  else if (done) unplanned.add(done.id);
  for (const [name, reminder] of reminders) {
    const id = `r.${name}`;
    planned.delete(id);
    unplanned.delete(id);
    if (reminder) planned.set(id, plannedBy(id, reminder));
    else unplanned.add(id);
  }
  return {
    ...(planned.size > 0 && { planned: [...planned.values()] }),
    ...(unplanned.size > 0 && { unplanned: [...unplanned] }),
  };
}

function plannedBy(id: string, { name, operation, ...rest }: StoredReminder): PlannedOperation {
  return { id, name: operation, reminder: name, ...rest };
}

const noReminders: ReadonlyMap<string, StoredReminder | undefined> = new Map();
