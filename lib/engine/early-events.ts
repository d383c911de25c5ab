import type { InboundEvent } from '../core/history.js';
import type { EarlyHead } from '../wire/head.js';
import { utf8Length } from '../wire/text.js';
import type { Stamp, StepOutput } from './activation.js';
import { refusal } from './orchestration-inputs.js';
import { OrchestrationState } from './orchestration-state.js';

/** So many events wait for the start of an instance, */
const MOST_EVENTS = 100;
/** and none that comes when those before take so many bytes: all are in one head. */
const MOST_BYTES = 16 * 1024;

/** How long they wait where a worker does not say otherwise, in milliseconds: a week. */
export const EARLY_EVENTS_KEPT = 7 * 24 * 3_600_000;

/** What an event for an instance that nobody has started brings: it waits for the start, unless too many do. */
export function keptForStart({ buffered }: OrchestrationState, event: InboundEvent): StepOutput {
  const bytes = buffered.reduce((sum, early) => sum + utf8Length(JSON.stringify(early)), 0);
  if (buffered.length >= MOST_EVENTS || bytes >= MOST_BYTES)
    return refusal('There is no such instance, and too many events wait for its start');
  return { entry: { buffered: [event] }, messages: [] };
}

/** When the first of these events has waited too long; undefined: there is none. */
export function earlyUntil(events: readonly InboundEvent[], kept: number): number | undefined {
  return events[0] && events[0].at + kept;
}

/** Events that have waited too long for a start are dropped; of an instance that has no others nothing is left. */
export function dropEarly(
  { buffered }: OrchestrationState,
  now: number,
  kept: number,
): { readonly output: StepOutput; readonly dropped: readonly InboundEvent[] } {
  const dropped = buffered.filter(({ at }) => at + kept <= now); // in the order in which they came, so the first ones
  if (dropped.length === 0) return { output: refusal('No event has waited too long for a start'), dropped };
  const entry = dropped.length === buffered.length ? { purged: true as const } : { taken: dropped.length };
  return { output: { entry, messages: [] }, dropped };
}

/** The head of an instance that was not started: the events alone. */
export function earlyHead({ buffered: events }: OrchestrationState): (stamp: Stamp) => EarlyHead {
  return (stamp) => ({ v: 1, type: 'early', ...stamp, events });
}

/** What such a head says. */
export function stateBeforeStart({ events }: EarlyHead): OrchestrationState {
  const state = new OrchestrationState();
  state.held.append(events);
  return state;
}
