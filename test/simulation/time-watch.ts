import type { Json } from '../../lib/core/values.js';
import type { PlannedOperation } from '../../lib/wire/planned.js';
import type { StepEntry } from '../../lib/wire/record.js';
import type { Violation } from './instance-watch.js';
import { readNote, type BellState, type Note, type SetReminder, type Tick } from './time-script.js';

/** When a record was stored, and how far clocks may be apart. */
export interface StoredAt {
  readonly at: number;
  readonly skew: number;
}

/** A reminder as the notes of its bell have it. */
interface Reminder extends SetReminder {
  /** How often it has come. */
  readonly n: number;
}

/** Whether a step has made another state. */
export function hasState({ state, patches }: StepEntry): boolean {
  return state !== undefined || patches !== undefined;
}

/**
 * Follows what an entity is to do at times through the records of its log. What records plan has to be what the notes of the
 * bell itself ask for: nothing early, nothing twice, nothing that was cancelled, and periods without drift.
 */
export class PlanWatch {
  /** What is noted, and in which of the entity's states it was. */
  readonly noted = new Map<string, number>();
  /** By id, as records have it. */
  readonly #planned = new Map<string, PlannedOperation>();
  /** By name. */
  readonly #reminders = new Map<string, Reminder>();
  /** The time of its last operation, as that saw it. */
  #at = 0;
  readonly #wrong: Violation;

  constructor(violation: Violation) {
    this.#wrong = violation;
  }

  /** What is to be carried out still. */
  get waiting(): readonly PlannedOperation[] {
    return [...this.#planned.values()];
  }

  /** `before`, `after`: the state; `index`: how many states there were. */
  apply(entry: StepEntry, before: Json | undefined, after: Json | undefined, index: number, stored: StoredAt): void {
    const done = this.#plan(entry);
    if (entry.deleted) this.#reminders.clear();
    if (entry.deleted) this.#at = 0; // what comes is another entity
    const text = !hasState(entry) ? undefined : (after as Partial<BellState>).log?.at(-1);
    if (text !== undefined && (after as Partial<BellState>).count !== undefined)
      this.#note(text, before as BellState | undefined, after as unknown as BellState, index, stored);
    else if (!entry.deleted) this.#failed(done, entry.planned ?? [], stored);
    for (const { reminder, name, input } of done) {
      const { id } = (input ?? {}) as { readonly id?: string };
      if (reminder === undefined && (id === undefined || this.noted.get(id) !== index))
        this.#wrong(`${name} of ${id} was taken off the agenda, and not carried out`);
    }
    if (done.length > 0 || entry.planned || entry.deleted) this.#compare();
  }

  /** Takes in what a record says; what it takes off. */
  #plan({ planned = [], unplanned = [], purged }: StepEntry): readonly PlannedOperation[] {
    const done = unplanned.flatMap((id) => {
      const item = this.#planned.get(id);
      if (!item) this.#wrong(`${id} was taken off the agenda, and was not there`);
      return item ?? [];
    });
    for (const id of unplanned) this.#planned.delete(id);
    if (purged && this.#planned.size > 0)
      this.#wrong(`nothing is to be left of it, and it plans ${agendaText(this.waiting)}`);
    for (const item of planned) {
      const { due } = (item.input ?? {}) as { readonly due?: number };
      if (item.reminder === undefined && item.at !== due)
        this.#wrong(`what is due at ${due} is planned for ${item.at}`);
      this.#planned.set(item.id, item);
    }
    return done;
  }

  #note(text: string, before: BellState | undefined, { count }: BellState, index: number, stored: StoredAt): void {
    const { id, note } = readNote(text);
    if (this.noted.has(id)) this.#wrong(`${id} was carried out twice`);
    this.noted.set(id, index);
    if (count !== (before?.count ?? 0) + 1) this.#wrong(`its note ${count} follows ${before?.count ?? 0}`);
    if (note.isNew !== (before === undefined))
      this.#wrong(`${id} was told that the entity is ${note.isNew ? '' : 'not '}new`);
    if (note.at < this.#at) this.#wrong(`P19: ${id} was carried out at ${note.at}, after an operation at ${this.#at}`);
    this.#at = note.at;
    if (note.due !== undefined) this.#onTime(id, note.due, note.at, stored);
    this.#change(id, note, stored);
    const names = [...this.#reminders.keys()].toSorted();
    if (JSON.stringify(note.reminders) !== JSON.stringify(names))
      this.#wrong(`${id} saw the reminders ${note.reminders.join()}, and there were ${names.join()}`);
  }

  #onTime(id: string, due: number, at: number, stored: StoredAt): void {
    if (at < due) this.#wrong(`P19: ${id}, due at ${due}, was carried out at ${at}`);
    if (stored.at < due - stored.skew) this.#wrong(`P19: ${id} was carried out ${due - stored.at} ms early`);
  }

  #change(id: string, { at, set, cancelled, tick }: Note, stored: StoredAt): void {
    if (set) this.#reminders.set(set.name, { ...set, n: 0 });
    if (cancelled && this.#reminders.delete(cancelled.name) !== cancelled.was)
      this.#wrong(`${id} was told that there was ${cancelled.was ? 'a' : 'no'} reminder ${cancelled.name}`);
    if (!tick) return;
    const reminder = this.#reminders.get(tick.name);
    if (reminder?.id !== tick.id) return this.#wrong(`reminder ${tick.id} came at ${at}, and was not set any more`);
    if (tick.n !== reminder.n + 1) this.#wrong(`${id} follows time ${reminder.n}`);
    this.#onTime(id, reminder.at, at, stored);
    if (tick.isLast || reminder.every === undefined) this.#reminders.delete(tick.name);
    else this.#reminders.set(tick.name, { ...reminder, n: tick.n, at: after(reminder.at, reminder.every, at) });
  }

  /** A reminder whose operation failed: it comes again at its next time, if it has one. */
  #failed(done: readonly PlannedOperation[], planned: readonly PlannedOperation[], stored: StoredAt): void {
    for (const item of [...done, ...planned]) {
      if (item.reminder === undefined) continue;
      const { id, failsUntil } = item.input as unknown as Tick;
      const reminder = this.#reminders.get(item.reminder);
      if (reminder?.id !== id || failsUntil <= reminder.at) {
        this.#wrong(`reminder ${id} came to nothing, and nothing made it fail`);
        continue;
      }
      if (stored.at < reminder.at - stored.skew) this.#wrong(`P19: reminder ${id} failed before it was due`);
      const { every } = reminder;
      if (every === undefined) this.#reminders.delete(item.reminder);
      else if (
        item.at <= reminder.at ||
        item.at - every > stored.at + stored.skew ||
        (item.at - reminder.at) % every !== 0
      )
        this.#wrong(`reminder ${id}, due at ${reminder.at}, comes again at ${item.at}`);
      else this.#reminders.set(item.reminder, { ...reminder, at: item.at });
    }
  }

  /** The reminders that records plan are those that the notes ask for. */
  #compare(): void {
    const planned = this.waiting.flatMap(({ reminder, at, every, input }) =>
      reminder === undefined ? [] : [`${(input as unknown as Tick).id} ${reminder} ${at} ${every}`],
    );
    const wanted = Array.from(this.#reminders.values(), ({ id, name, at, every }) => `${id} ${name} ${at} ${every}`);
    const [seen, right] = [planned.toSorted().join(), wanted.toSorted().join()];
    if (seen !== right) this.#wrong(`its reminders are ${seen}, expected ${right}`);
  }
}

/** The first time of a period behind a moment. */
function after(at: number, every: number, now: number): number {
  let next = at + every;
  while (next <= now) next += every;
  return next;
}

/** What is planned, to be compared. */
export function agendaText(planned: readonly PlannedOperation[] = []): string {
  return JSON.stringify(
    planned.map(({ id, at, name, input, reminder, every }) => [id, at, name, input, reminder, every]),
  );
}
