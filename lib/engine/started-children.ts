import type { HistoryEvent } from '../core/history.js';

/** Whether a run has started sub-orchestrations, by what its executions' histories say. */
export function hasChildrenAfter(had: boolean, event: HistoryEvent): boolean {
  if (event.type === 'ExecutionStarted') return event.hasFormerChildren ?? false;
  return had || event.type === 'SubOrchestrationInstanceCreated';
}
