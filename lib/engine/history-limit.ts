import type { HistoryEvent } from '../core/history.js';
import { historyLengthOf } from '../wire/history-length.js';
import { endOf, type OrchestrationState } from './orchestration-state.js';

/** So many history events one execution may have, beside the one that ends it: a replay takes all of them at once. */
export const MOST_EVENTS = 100_000;
/** When it has so many its owner says so. */
const MANY_EVENTS = 0.8 * MOST_EVENTS;

/** What is said of an execution that has many events. */
export const adviceAtLength =
  `An execution of an orchestration has ${MANY_EVENTS} history events, and will fail with HistoryTooLongError at ` +
  `${MOST_EVENTS}: let it begin anew with ctx.continueAsNew(input) before`;

/** What a step makes of the lengths of histories. */
export interface Lengths {
  /** The most events that any execution has which the step passes, beside the one that ends it. */
  readonly longest: number;
  /** Whether the one that goes on has just become so long that it is to be told. */
  readonly warned: boolean;
}

/** The lengths once these events are behind those of the state. Only the events of the step are looked at. */
export function lengthsWith(
  state: Pick<OrchestrationState, 'segments' | 'history'>,
  events: readonly HistoryEvent[],
): Lengths {
  let length = historyLengthOf(state);
  let [longest, warned] = [0, false];
  for (const { type } of events) {
    if (type === 'ExecutionStarted') [length, warned] = [0, false];
    if (type in endOf) {
      warned = false;
      continue; // an end can always be recorded
    }
    if (++length === MANY_EVENTS) warned = true;
    longest = Math.max(longest, length);
  }
  return { longest, warned };
}
