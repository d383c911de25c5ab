import type { Captured } from './activation.js';
import type { OrchestrationState } from './orchestration-state.js';

/** A copy of the state of an orchestration instance as it is now; undefined: all that it took was refused. */
export function captureOf(
  instanceId: string,
  state: OrchestrationState,
  { dueAt, holdsBack }: { readonly dueAt: number | undefined; readonly holdsBack: boolean },
): Captured | undefined {
  const { started } = state;
  if (!started) return undefined;
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
