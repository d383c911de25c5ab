import type { ExecutionStarted } from '../core/history.js';
import type { OrchestratorReference } from '../core/orchestrator-catalog.js';
import { CorruptHistoryError, NonDeterminismError, VersionTooNewError } from '../errors.js';
import type { ControlMessage, StartMessage } from '../wire/messages.js';
import type { InputBody } from './activation.js';
import { answeredId } from './orchestration-inputs.js';
import type { OrchestrationState } from './orchestration-state.js';

/** The orchestrator that a step with this input runs; undefined: it is refused without a look at any code. */
export function codeOf(
  state: OrchestrationState,
  input: InputBody,
  now: number,
  { dueAt, holdsBack }: { readonly dueAt: number | undefined; readonly holdsBack: boolean },
): OrchestratorReference | undefined {
  const { isEnded } = state;
  switch (input.kind) {
    case 'start':
      return codeOfStart(state, input, now);
    case 'control':
      return codeOfControl(state, input);
    case 'query':
      return currentExecution(state);
    case 'event':
    case 'update':
      return isEnded || isIdle(state) || state.isScheduled ? undefined : currentExecution(state);
    case 'result':
      return answeredId(state, input) !== undefined && !isIdle(state) ? currentExecution(state) : undefined;
    case 'due':
      return isEnded || dueAt === undefined || dueAt > now || isIdle(state) ? undefined : currentExecution(state);
    case 'resume':
      return holdsBack && !isIdle(state) && !isEarly(state, now) ? currentExecution(state) : undefined;
    case 'operation':
    case 'refuseCall':
    case 'lockRequest':
    case 'lockCancel':
    case 'lockRelease':
    case 'expireLock':
    case 'breakLock':
    case 'read':
    case 'restart':
    case 'requeue':
    case 'giveBack':
      return undefined;
  }
}

function codeOfStart(state: OrchestrationState, input: StartMessage, now: number): OrchestratorReference | undefined {
  const { started, isEnded } = state;
  if (started && !isEnded && input.ifExists !== 'replace') return undefined;
  if (started && input.ifExists === 'attach') return undefined;
  return (input.startAt ?? 0) > now ? undefined : input;
}

function codeOfControl(state: OrchestrationState, { action }: ControlMessage): OrchestratorReference | undefined {
  const { started, isEnded, status } = state;
  if (action === 'cancel')
    return isEnded || isIdle(state) || state.isScheduled || state.isCanceled ? undefined : currentExecution(state);
  if (action === 'rewind') return status === 'Failed' ? started : undefined;
  return action === 'restart' && isEnded ? started : undefined;
}

/** Whether its code runs for nobody: what comes is held back without a look at it. */
function isIdle({ suspension }: OrchestrationState): boolean {
  return suspension !== undefined;
}

/** Whether its time is still to come. */
function isEarly({ isScheduled, dueAt }: OrchestrationState, now: number): boolean {
  return isScheduled && (dueAt ?? 0) > now;
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
