import { NonDeterminismError } from '../errors.js';
import { CallTrace } from './call-trace.js';
import type { CoreDependencies } from './dependencies.js';
import type { HistoryEvent } from './history.js';
import type { OrchestratorProgram } from './programs.js';
import { TaskOrchestrationExecutor, type Surroundings } from './task-orchestration-executor.js';

/**
 * An executor that has replayed a whole history. Throws NonDeterminismError, with the place in the user's code where what
 * differs was asked for: to know it the history is replayed a second time, for the sake of errors only. Throws
 * VersionTooNewError when only a later build can replay it.
 */
export function rebuild(
  program: OrchestratorProgram,
  dependencies: CoreDependencies,
  surroundings: Surroundings,
  history: readonly HistoryEvent[],
): TaskOrchestrationExecutor {
  const executor = new TaskOrchestrationExecutor(program, dependencies, surroundings);
  try {
    executor.replay(history);
    return executor;
  } catch (error) {
    if (!(error instanceof NonDeterminismError)) throw error;
    const traced = new TaskOrchestrationExecutor(program, dependencies, { ...surroundings, trace: new CallTrace() });
    traced.replay(history);
    throw error; // code that differs from time to time: this time it did not
  }
}
