import type { Captured } from './activation.js';
import { earlyHead } from './early-events.js';
import type { OrchestrationState } from './orchestration-state.js';

/** A copy of the state of an orchestration instance as it is now; undefined: all that it took was refused. */
export function captureOf(
  instanceId: string,
  state: OrchestrationState,
  { dueAt, holdsBack }: { readonly dueAt: number | undefined; readonly holdsBack: boolean },
): Captured | undefined {
  const { started, buffered } = state;
  // Of what was not started there are events that wait for the start, or all that it took was refused.
  if (!started) return buffered.length > 0 ? { wake: undefined, head: earlyHead(state) } : undefined;
  const load = holdsBack || state.hasLocalActivities;
  return {
    wake:
      load || dueAt !== undefined
        ? {
            executionId: started.executionId,
            ...(dueAt !== undefined && { at: dueAt }),
            ...(load && { load }),
          }
        : undefined,
    head: state.head(instanceId),
  };
}
