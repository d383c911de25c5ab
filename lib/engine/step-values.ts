import type { Json, ValueReference } from '../core/values.js';
import { PayloadTooLargeError } from '../errors.js';
import type { Address } from '../wire/messages.js';
import { valueIn, withReferences } from '../wire/value-references.js';
import type { PendingActivity, StepOutput } from './activation.js';
import { inParallel, type LargeValues } from './large-values.js';

/** A value for a holder: its JSON text, then its reference. */
interface Slot {
  readonly holder: Address;
  readonly text: string;
  reference?: ValueReference;
}

/** What has a lifetime of its own: the instance's history or state, each outcome, each message. */
type Owner = object | 'own';

/**
 * The values of one step that are too large for messages. The same value may stand in several places, such as an input
 * in the caller's history and in its message: it is put once for each of them that lives and ends by itself (P15).
 */
export class StepValues {
  readonly #values: LargeValues;
  readonly #holder: Address;
  readonly #output: StepOutput;
  /** By value: of objects the identity counts, for a step makes each only once. */
  readonly #texts = new Map<Json, string | undefined>();
  readonly #slots = new Map<Owner, Map<Json, Slot>>();

  /** Throws PayloadTooLargeError when one of them is too large for the object store. */
  constructor(values: LargeValues, holder: Address, output: StepOutput) {
    this.#values = values;
    this.#holder = holder;
    this.#output = output;
    map(output, holder, (item, to, owner) => {
      this.#measure(item, to, owner);
      return item;
    });
  }

  get isEmpty(): boolean {
    return this.#slots.size === 0;
  }

  /** Puts them; the output that names them by reference. */
  async store(): Promise<StepOutput> {
    const slots = Array.from(this.#slots.values(), (slotsOf) => [...slotsOf.values()]).flat();
    await inParallel(slots, async (slot) => {
      slot.reference = await this.#values.put(slot.holder, slot.text);
    });
    const output = map(this.#output, this.#holder, (item, _to, owner) =>
      withReferences(item, (value) => this.#slots.get(owner)?.get(value)?.reference),
    );
    return { ...output, isStored: true };
  }

  /** The text of a value that goes to the object store: one that is too large for a message, or the step's own state that is to. */
  #textOf(value: Json, item: object, holder: Address): string | undefined {
    const text = this.#values.textOf(value, () => whatIs(item, holder));
    if (text !== undefined || !this.#output.storesApart || item !== this.#output.entry) return text;
    return JSON.stringify(value);
  }

  #measure(item: object, holder: Address, owner: Owner): void {
    const value = valueIn(item);
    if (value === undefined) return;
    if (!this.#texts.has(value)) this.#texts.set(value, this.#textOf(value, item, holder));
    const text = this.#texts.get(value);
    if (text === undefined) return;
    let slots = this.#slots.get(owner);
    if (!slots) this.#slots.set(owner, (slots = new Map()));
    if (!slots.has(value)) slots.set(value, { holder, text });
  }
}

/** What of a step's output has to go to the object store before it is committed, or why it cannot even go there. */
export function largeIn(
  values: LargeValues,
  holder: Address,
  output: StepOutput,
  bytes: number,
): StepValues | PayloadTooLargeError | undefined {
  if (output.isStored || (bytes <= values.limits.inline && !output.storesApart)) return undefined;
  try {
    const large = new StepValues(values, holder, output);
    return large.isEmpty ? undefined : large;
  } catch (error) {
    if (error instanceof PayloadTooLargeError) return error;
    throw error;
  }
}

/** Everything in a step's output that may hold a value, with the instance that will hold it, and what it lives with. */
function map(
  output: StepOutput,
  holder: Address,
  change: <T extends object>(item: T, holder: Address, owner: Owner) => T,
): StepOutput {
  const own = <T extends object>(item: T): T => change(item, holder, 'own');
  const told = <T extends object>(item: T): T => change(item, holder, item); // it and its notice name the same object
  const asked = (activity: PendingActivity): PendingActivity => ({ ...activity, request: own(activity.request) });
  const { entry, messages, activities, queued, notices } = output;
  const { events, buffered, returned, outcome, outcomes, scheduled, prepared } = entry;
  return {
    ...output,
    entry: {
      ...own(entry),
      ...(events && { events: events.map(own) }),
      ...(buffered && { buffered: buffered.map(own) }),
      ...(returned && { returned: returned.map(own) }),
      ...(scheduled && { scheduled: own(scheduled) }),
      ...(prepared && { prepared: own(prepared) }),
      ...(outcome && { outcome: told(outcome) }),
      ...(outcomes && { outcomes: outcomes.map(told) }),
    },
    messages: messages.map(([to, message]) => [to, change(message, to, message)]),
    activities: activities?.map(asked),
    queued: queued?.map(asked),
    notices: notices?.map(([inbox, notice]) => [
      inbox,
      notice.kind === 'outcome' ? { ...notice, outcome: told(notice.outcome) } : own(notice),
    ]),
  };
}

/** What an item is, for people. */
function whatIs(item: object, holder: Address): string {
  const field = ['input', 'result', 'output', 'state'].find((name) => name in item) ?? 'value';
  const { name, operation } = item as { readonly name?: string; readonly operation?: string };
  const of = operation ?? name;
  return of === undefined ? `The ${field} of ${holder}` : `The ${field} of "${of}" (${holder})`;
}
