import { NonDeterminismError } from '../errors.js';
import { CallTrace, traced } from './call-trace.js';
import type { CoreDependencies } from './dependencies.js';
import type { HistoryEvent } from './history.js';
import type { OrchestratorProgram } from './programs.js';
import { TaskOrchestrationExecutor, type Surroundings } from './task-orchestration-executor.js';

/**
 * An executor that has replayed a whole history. Throws NonDeterminismError, with the place in the user's code where what
 * differs was asked for: to know it the history is replayed a second time, for the sake of errors only. Throws
 * VersionTooNewError when only a later build can replay it.
 *
 * Values that differ are told to `tolerate`, if that is given, unless the second replay has yet other ones: then it is not
 * another deployment that they come of, but code that does something else each time.
 */
export function rebuild(
  program: OrchestratorProgram,
  dependencies: CoreDependencies,
  surroundings: Surroundings,
  history: readonly HistoryEvent[],
): TaskOrchestrationExecutor {
  const replay = (trace?: CallTrace) => {
    const values: NonDeterminismError[] = [];
    const tolerate = surroundings.tolerate && ((difference: NonDeterminismError): void => void values.push(difference));
    const executor = new TaskOrchestrationExecutor(program, dependencies, { ...surroundings, trace, tolerate });
    if (trace) traced(trace, () => executor.replay(history));
    else executor.replay(history);
    return { executor, values };
  };
  try {
    const { executor, values } = replay();
    if (values.length === 0) return executor;
    const again = replay(new CallTrace()).values;
    const unstable = again.find((difference, at) => difference.actual !== values[at]?.actual) ?? values[again.length];
    if (unstable) throw unstable;
    for (const difference of again) surroundings.tolerate?.(difference);
    return executor;
  } catch (error) {
    if (!(error instanceof NonDeterminismError) || error.source !== undefined) throw error;
    replay(new CallTrace());
    throw error; // code that differs from time to time: this time it did not
  }
}
