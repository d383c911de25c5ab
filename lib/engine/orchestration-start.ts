import type { ExecutionStarted, InboundEvent } from '../core/history.js';
import { toFailureDetails } from '../core/failure.js';
import { NotRewindableError, PayloadTooLargeError, type PerdureError } from '../errors.js';
import type { Addressed, Caller, ResultMessage, StartMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { ended, isChildOf, type OrchestrationInstance } from './orchestration-control.js';
import { toChildren } from './orchestration-effects.js';
import { executionIdOf, refusal, startedEvent } from './orchestration-inputs.js';
import { rewoundOutput } from './orchestration-rewind.js';
import { answeredAtEnd } from './orchestration-updates.js';
import { answered } from './outcomes.js';

/** The start of an instance: what it becomes depends on what is there already. */
export function start(instance: OrchestrationInstance, message: StartMessage, at: number): StepOutput {
  const { state } = instance;
  if (message.isRepeated && message.parent && state.started && isChildOf(state.started, message.parent))
    return repeated(instance, message, message.parent, at);
  if (state.started && message.ifExists === 'attach') return attached(state.started, message);
  const goesOn = state.started && !state.isEnded;
  if (goesOn && message.ifExists !== 'replace') return instance.refuseStart(message);
  return begun(instance, message, at, goesOn ? replaced(instance, at) : undefined);
}

/** A start whose step brought more than can be stored, or than a history may have: its run begins and fails. */
export function failedStart(
  instance: OrchestrationInstance,
  whole: StartMessage,
  error: PerdureError,
  at: number,
): StepOutput {
  const message = error instanceof PayloadTooLargeError ? withoutInput(whole) : whole;
  const { state, runner, instanceId } = instance;
  const former = state.started && !state.isEnded ? replaced(instance, at) : undefined;
  runner.drop();
  const event = startedEvent(message, newExecutionId(instance, message), at);
  const turn = instance.firstTurn(message.notify);
  turn.refuse(event, error);
  const output = answered(turn.output(instanceId, runner.retentionOf(event)), message, { result: event.executionId });
  return former ? behind(former, output) : output;
}

function newExecutionId(instance: OrchestrationInstance, message: StartMessage): string {
  return executionIdOf(message, () => instance.newId());
}

/** The input may be what is too large. */
function withoutInput(whole: StartMessage): StartMessage {
  const { inputRef: _, ...message } = whole;
  return { ...message, input: null };
}

/** The run that a start replaces. */
function replaced(instance: OrchestrationInstance, at: number): StepOutput {
  const { state, address } = instance;
  const reason = 'Another run was started in its place.';
  const end = ended(instance, { type: 'ExecutionTerminated', at, reason });
  const output = answeredAtEnd(end, state.buffered, instance.instanceId);
  const children = toChildren(state.children, address, { action: 'terminate', reason });
  return { ...output, messages: [...output.messages, ...children] };
}

function begun(
  instance: OrchestrationInstance,
  message: StartMessage,
  at: number,
  former: StepOutput | undefined,
): StepOutput {
  const { runner } = instance;
  const event = startedEvent(message, newExecutionId(instance, message), at);
  runner.drop();
  const { startAt = at } = message;
  // Without its code it is held back, too: what came behind it could not wait (docs/adr/0043).
  const isLater = startAt > at || !runner.knows(event);
  const output = isLater ? scheduled({ ...event, startAt }, message.notify) : executed(instance, event, message);
  const told = answered(output, message, { result: event.executionId });
  return former ? behind(former, told) : told;
}

/** It waits for its time, and for a worker that has its code not before then. */
function scheduled(later: ExecutionStarted, notify: string | undefined): StepOutput {
  return { entry: { scheduled: later, ...(notify !== undefined && { notify }) }, messages: [] };
}

function executed(instance: OrchestrationInstance, event: ExecutionStarted, { notify }: StartMessage): StepOutput {
  const { runner, instanceId } = instance;
  const { inputRef, ...rest } = event;
  const fault = inputRef && runner.fetched.faultOf(inputRef);
  const turn = instance.firstTurn(notify);
  const started = fault ? rest : runner.begun(event);
  let returned: readonly InboundEvent[] = [];
  if (fault) turn.refuse(started, fault);
  else returned = runner.run(turn, [started]);
  const output = turn.output(
    instanceId,
    { ...(notify !== undefined && { notify }), ...runner.retentionOf(started) },
    returned,
  );
  return instance.state.buffered.length > 0 ? { ...output, goesOn: true } : output; // events that came before it
}

/** Both in one step: first the end of one run, then the beginning of the next. */
function behind(former: StepOutput, next: StepOutput): StepOutput {
  const { events = [], ...entry } = next.entry;
  const outcomes = [...(former.entry.outcomes ?? []), ...(entry.outcomes ?? [])];
  return {
    ...next,
    entry: {
      ...entry,
      events: [...(former.entry.events ?? []), ...events],
      ...(outcomes.length > 0 && { outcomes }),
    },
    messages: [...former.messages, ...next.messages],
    notices: [...(former.notices ?? []), ...(next.notices ?? [])],
    unwanted: former.unwanted,
  };
}

function attached({ run, executionId }: ExecutionStarted, message: StartMessage): StepOutput {
  const output = { entry: { refused: 'The instance is there already' }, messages: [] };
  return answered(output, message, { result: run ?? executionId });
}

/** The parent was rewound, and asks for its child again. */
function repeated(instance: OrchestrationInstance, message: StartMessage, parent: Caller, at: number): StepOutput {
  const { state, runner } = instance;
  if (!state.isEnded) return refusal('The child goes on, and tells its end');
  if (state.status === 'Completed') {
    const { output, outputRef } = state;
    const fault = outputRef && runner.fetched.faultOf(outputRef);
    const whole = fault || outputRef === undefined ? { output } : runner.whole({ outputRef, output: undefined });
    const result = fault
      ? { failure: toFailureDetails(fault) }
      : whole.output === undefined
        ? {}
        : { result: whole.output };
    return { entry: { refused: 'The child has ended' }, messages: [toParent(parent, result)] };
  }
  if (state.status !== 'Failed') return begun(instance, message, at, undefined);
  const output = rewoundOutput(instance, 'Its parent was rewound.', at);
  if ('entry' in output) return output;
  const own = output instanceof NotRewindableError ? state.failure : undefined;
  const failure = own ?? toFailureDetails(output);
  return { entry: { refused: output.message }, messages: [toParent(parent, { failure })] };
}

function toParent(
  { address, executionId, taskId }: Caller,
  told: Pick<ResultMessage, 'result' | 'failure'>,
): Addressed {
  return [address, { kind: 'result', of: 'subOrchestration', executionId, taskId, ...told }];
}
