/** The states of an orchestration instance. */
export enum OrchestrationRuntimeStatus {
  /** It runs, or waits. */
  Running = 'Running',
  /** It has returned. */
  Completed = 'Completed',
  /** It is about to start anew: never seen here. */
  ContinuedAsNew = 'ContinuedAsNew',
  /** It has thrown. */
  Failed = 'Failed',
  /** It was canceled, and has cleaned up. */
  Canceled = 'Canceled',
  /** It was terminated. */
  Terminated = 'Terminated',
  /** It has not begun. */
  Pending = 'Pending',
  /** It is suspended. */
  Suspended = 'Suspended',
}
