import type { ValueReference } from '../core/values.js';
import { referencesIn } from '../wire/value-references.js';
import type { Captured, InputBody } from './activation.js';
import { earlyHead } from './early-events.js';
import { headOf } from './orchestration-head.js';
import { mayBeLate } from './late-answers.js';
import { firstHeld } from './orchestration-inputs.js';
import type { OrchestrationRunner } from './orchestration-runner.js';
import type { OrchestrationState } from './orchestration-state.js';

interface Instance {
  readonly instanceId: string;
  readonly state: OrchestrationState;
  readonly runner: OrchestrationRunner;
  readonly dueAt: number | undefined;
  readonly holdsBack: boolean;
}

/** What is to be stored of an instance as it is now; undefined: nothing. */
export function captured({ instanceId, state, dueAt, holdsBack }: Instance): Captured | undefined {
  const { started } = state;
  if (!started) return capturedBeforeStart(state);
  const canGoOn = holdsBack && !state.suspension && !state.isScheduled;
  const load = canGoOn || state.hasLocalActivities;
  const wake = {
    executionId: started.executionId,
    ...(dueAt !== undefined && { at: dueAt }),
    ...(load && { load }),
  };
  return { wake: load || dueAt !== undefined ? wake : undefined, head: headOf(state, instanceId) };
}

/**
 * Of one that was not started there are events that wait for the start; of one that was purged it is stored that there is
 * nothing; of one that never was, all that it took was refused.
 */
function capturedBeforeStart(state: OrchestrationState): Captured | undefined {
  if (state.buffered.length > 0) return { wake: undefined, head: earlyHead(state) };
  return state.isPurged ? { wake: undefined, head: (stamp) => ({ v: 1, type: 'tombstone', ...stamp }) } : undefined;
}

/** The stored values that a step with this input needs and that are not in memory (P15). */
export function valuesFor(input: InputBody, instance: Instance): readonly ValueReference[] {
  const { state, runner, holdsBack } = instance;
  const { started, isEnded, buffered } = state;
  switch (input.kind) {
    case 'start':
      return valuesForStart(input, instance);
    case 'control':
      if (input.action === 'rewind') return state.status === 'Failed' ? runner.history.flatMap(referencesIn) : none;
      if (input.action === 'restore') return started ? none : referencesIn(input);
      if (input.action === 'restart') return isEnded && started ? referencesIn(started) : none;
      return input.action === 'cancel' ? valuesForReplay(instance) : none;
    case 'read':
      return none;
    case 'query':
      return runner.isResident || !started ? none : runner.history.flatMap(referencesIn);
    case 'resume':
      if (!started || isEnded || state.suspension) return none;
      return [...valuesForReplay(instance), ...firstHeld(buffered).flatMap(referencesIn)];
    case 'due':
      if (!started || isEnded) return none;
      return state.isScheduled ? firstHeld(buffered).flatMap(referencesIn) : valuesForReplay(instance);
    case 'restart':
    case 'requeue':
    case 'giveBack':
    case 'event':
    case 'update':
    case 'result':
    case 'operation':
    case 'refuseCall':
    case 'lockRequest':
    case 'lockCancel':
    case 'lockRelease':
    case 'expireLock':
    case 'breakLock':
      if (mayBeLate(state, input)) return referencesIn(input);
      if (!started || isEnded) return none;
      return holdsBack ? valuesForReplay(instance) : [...valuesForReplay(instance), ...referencesIn(input)];
  }
}

/** Those that the code needs to be ready. */
function valuesForReplay({ state, runner }: Pick<Instance, 'state' | 'runner'>): readonly ValueReference[] {
  const { started, isEnded, isScheduled } = state;
  return runner.isResident || !started || isEnded || isScheduled ? none : runner.history.flatMap(referencesIn);
}

function valuesForStart(
  input: Extract<InputBody, { kind: 'start' }>,
  { state, runner }: Pick<Instance, 'state' | 'runner'>,
): readonly ValueReference[] {
  if (!input.isRepeated || !state.started) return referencesIn(input);
  if (state.status === 'Completed') return state.outputRef ? [state.outputRef] : none;
  const history = state.status === 'Failed' ? runner.history.flatMap(referencesIn) : none;
  return [...referencesIn(input), ...history];
}

const none: readonly never[] = [];
