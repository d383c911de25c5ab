import type { ExecutionStarted } from '../core/history.js';
import type { OrchestratorReference } from '../core/orchestrator-catalog.js';
import { CorruptHistoryError, NonDeterminismError, VersionTooNewError } from '../errors.js';
import type { InputBody } from './activation.js';
import { isAnswered } from './orchestration-inputs.js';
import type { OrchestrationState } from './orchestration-state.js';

/** The orchestrator that a step with this input runs; undefined: it is refused without a look at any code. */
export function codeOf(
  state: OrchestrationState,
  input: InputBody,
  now: number,
  { dueAt, holdsBack }: { readonly dueAt: number | undefined; readonly holdsBack: boolean },
): OrchestratorReference | undefined {
  const { started, isEnded } = state;
  switch (input.kind) {
    case 'start':
      return started && !isEnded ? undefined : input;
    case 'event':
      return isEnded ? undefined : currentExecution(state);
    case 'result':
      return isAnswered(state, input) ? currentExecution(state) : undefined;
    case 'due':
      return dueAt === undefined || dueAt > now ? undefined : currentExecution(state);
    case 'resume':
      return holdsBack ? currentExecution(state) : undefined;
    case 'operation':
    case 'restart':
    case 'requeue':
    case 'giveBack':
      return undefined;
  }
}

/** The execution that takes the next event: the one that runs, or the one that is held back. */
export function currentExecution({ buffered, started }: OrchestrationState): ExecutionStarted | undefined {
  const [next] = buffered;
  return next?.type === 'ExecutionStarted' ? next : started;
}

/** Why the instance is to be suspended: its history and the code here do not go together. Undefined: they do. */
export function faultIn(replay: () => void): string | undefined {
  try {
    replay();
    return undefined;
  } catch (error) {
    if (isFault(error)) return error.message;
    throw error;
  }
}

function isFault(error: unknown): error is Error {
  return (
    error instanceof NonDeterminismError || error instanceof CorruptHistoryError || error instanceof VersionTooNewError
  );
}
