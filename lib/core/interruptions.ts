/**
 * The cancellations that were thrown where code waited, by themselves and not as failures of what it waited for. Only those
 * of executions whose sagas wait again behind them (replay-behaviour.ts, 1).
 */
const interruptions = new WeakSet<Error>();

export function noteInterruption(error: Error): void {
  interruptions.add(error);
}

/** Whether the code was interrupted by this error where it waited. */
export function isInterruption(error: unknown): boolean {
  return error instanceof Error && interruptions.has(error);
}
