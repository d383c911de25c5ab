import type { InboundEvent } from '../core/history.js';
import type { SegmentReference } from '../wire/head.js';

const noneStored = { segments: [], events: 0 } as const;

/** Events that an instance has taken and not gone through, in order: while suspended, and what was too much for one step. */
export class HeldBack {
  #events: readonly InboundEvent[] = [];
  /** The segments that hold the first ones of them, and how many. */
  #stored: { readonly segments: readonly SegmentReference[]; readonly events: number } = noneStored;

  /** From a stored head: those of its segments, and those behind them. */
  static from(
    segments: readonly SegmentReference[],
    stored: readonly InboundEvent[],
    others: readonly InboundEvent[],
  ): HeldBack {
    const held = new HeldBack();
    held.#events = [...stored, ...others];
    held.#stored = { segments, events: stored.length };
    return held;
  }

  get events(): readonly InboundEvent[] {
    return this.#events;
  }

  /** The segments that hold the first ones. */
  get segments(): readonly SegmentReference[] {
    return this.#stored.segments;
  }

  /** Those that no segment holds. */
  get unstored(): readonly InboundEvent[] {
    return this.#events.slice(this.#stored.events);
  }

  append(events: readonly InboundEvent[]): void {
    this.#events = [...this.#events, ...events];
  }

  /** Puts others in their place: stored parts do not begin where they begin now. */
  replace(events: readonly InboundEvent[]): void {
    this.#events = events;
    this.#stored = noneStored;
  }

  /** Those behind the stored ones are stored, too; unless they have gone on meanwhile, or something was put before them. */
  store(events: readonly unknown[], segments: readonly SegmentReference[]): void {
    const { events: stored } = this.#stored;
    if (this.#events[stored] === events[0]) this.#stored = { segments, events: stored + events.length };
  }
}

const outliving: ReadonlySet<InboundEvent['type']> = new Set([
  'EventRaised',
  'UpdateRequested',
  'CancellationRequested',
  'ExecutionStarted',
]);

/** Whether an event is for the instance, and not for the execution that happens to run. */
export function outlivesExecution(type: InboundEvent['type']): boolean {
  return outliving.has(type);
}
