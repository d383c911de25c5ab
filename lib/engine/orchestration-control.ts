import type { ExecutionStarted, InboundEvent } from '../core/history.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import { isAction } from '../core/replay-check.js';
import { InstanceEndedError, InstanceNotEndedError, InstanceReplacedError, NotFoundError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Address, Addressed, Caller, ControlMessage, StartMessage } from '../wire/messages.js';
import type { InputBody, StepOutput } from './activation.js';
import { unwantedAtEnd } from './orchestration-activities.js';
import type { FoundChild } from './children-search.js';
import { toChildren, toFormerChildren } from './orchestration-effects.js';
import { isMeantRun } from './orchestration-inputs.js';
import { restored } from './orchestration-restore.js';
import { rewindOutput } from './orchestration-rewind.js';
import type { OrchestrationRunner } from './orchestration-runner.js';
import type { OrchestrationState } from './orchestration-state.js';
import type { OrchestrationTurn } from './orchestration-turn.js';
import { answered, declined } from './outcomes.js';
import { childrenIn } from './started-children.js';
import type { StoredParts } from './stored-parts.js';

/** An instance, as those see it who do something with it as a whole. */
export interface OrchestrationInstance {
  readonly instanceId: string;
  readonly address: Address;
  readonly state: OrchestrationState;
  readonly runner: OrchestrationRunner;
  /** Of one that is purged: the children that executions before the last one have started. */
  readonly formerChildren: readonly FoundChild[];
  /** A new id. */
  newId(): string;
  /** What goes on with the execution that runs. */
  nextTurn(): OrchestrationTurn;
  /** What begins an execution. */
  firstTurn(notify?: string): OrchestrationTurn;
  /** It goes on: another start is refused. */
  refuseStart(message: StartMessage): StepOutput;
  /** Gives events to the code, or holds them back. */
  take(events: readonly InboundEvent[]): StepOutput;
}

/** Whether a step with this message needs the whole history, also of an instance that has ended. */
export function needsHistory(input: InputBody): boolean {
  if (input.kind === 'start') return input.isRepeated === true;
  return input.kind === 'control' && forEnded.has(input.action);
}

/** The children that a purge reaches and no history shows any more; undefined: there are none. */
export function formerChildrenOf(
  { instanceId, state: { started } }: Pick<OrchestrationInstance, 'instanceId' | 'state'>,
  input: InputBody,
  stored: Pick<StoredParts, 'childrenOf'>,
): Promise<readonly FoundChild[]> | undefined {
  if (input.kind !== 'control' || input.action !== 'purge' || input.recursive === false) return undefined;
  if (!started?.hasFormerChildren || !isMeant(started, input)) return undefined;
  return stored.childrenOf({ instanceId, runId: started.run ?? started.executionId });
}

/** What is asked of instances that have ended. */
const forEnded: ReadonlySet<ControlMessage['action']> = new Set(['rewind', 'restart', 'purge']);

/** What somebody asks of an instance as a whole. */
export function control(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { state, instanceId } = instance;
  if (message.action === 'restore') return restored(instance, message);
  if (!state.started) return declined(message, new NotFoundError(instanceId));
  if (!isMeant(state.started, message)) return declined(message, new InstanceReplacedError(instanceId));
  if (state.isEnded && !forEnded.has(message.action)) return declined(message, new InstanceEndedError(instanceId));
  switch (message.action) {
    case 'suspend':
      return answered(suspended(instance, message, at), message, {});
    case 'resume':
      return answered(resumed(instance, message, at), message, {});
    case 'cancel':
      return answered(canceled(instance, message, at), message, {});
    case 'terminate':
      return answered(terminated(instance, message, at), message, {});
    case 'rewind':
      return rewindOutput(instance, message, at);
    case 'restart':
      return restarted(instance, message, at);
    case 'purge':
      return purged(instance, message);
  }
}

/** Whether the message is for this run of the instance. */
function isMeant(started: ExecutionStarted, message: ControlMessage): boolean {
  const { parent } = message;
  if (!isMeantRun(started, message)) return false;
  return parent === undefined || isChildOf(started, parent);
}

/** Whether this very action of a parent started the instance. */
export function isChildOf({ parent }: ExecutionStarted, { address, executionId, taskId }: Caller): boolean {
  if (!parent || orchestrationAddress(parent.instanceId) !== address) return false;
  return parent.executionId === executionId && parent.taskId === taskId;
}

function suspended(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { state } = instance;
  const messages = message.recursive === true ? openChildren(instance, message) : [];
  if (state.suspension) return unchanged('It is suspended already', messages);
  const reason = reasonOf(message);
  const suspension = { ...reason, ...(message.parent && ({ byParent: true } as const)) };
  return { entry: { suspension, ...told(instance, { type: 'ExecutionSuspended', at, ...reason }) }, messages };
}

/** Code that did something else than the history says is tried again. */
function resumed(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { state, runner } = instance;
  const messages = message.recursive === true ? openChildren(instance, message) : [];
  const goesOn = state.fault !== undefined || state.buffered.length > 0 ? true : undefined;
  if (state.fault !== undefined) runner.forgetFault();
  if (!state.suspension) return { ...unchanged('Nobody has suspended it', messages), goesOn };
  const event = { type: 'ExecutionResumed', at, ...reasonOf(message) } as const;
  return { entry: { suspension: null, ...told(instance, event) }, messages, goesOn };
}

/** The code is told, in its turn; where there is none yet, nothing has to be cleaned up. */
function canceled(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { state } = instance;
  const reason = reasonOf(message);
  if (state.isScheduled) return ended(instance, { type: 'ExecutionCanceled', at, ...reason });
  const { recursive, parent } = message;
  const scope = recursive === undefined ? {} : { recursive };
  const request = state.isCanceled ? [] : [{ type: 'CancellationRequested', at, ...reason, ...scope } as const];
  // A parent that cleans up may be resumed alone, or may never have known of this child's suspension.
  if (parent && state.suspension?.byParent)
    return released(instance, request, { type: 'ExecutionResumed', at, ...reason });
  return request.length === 0 ? unchanged('It is canceled already', []) : instance.take(request);
}

/** Resumed, to go through what was held back, and this behind it. */
function released(
  instance: OrchestrationInstance,
  request: readonly InboundEvent[],
  resumed: InboundEvent,
): StepOutput {
  return {
    entry: { suspension: null, ...told(instance, resumed), ...(request.length > 0 && { buffered: request }) },
    messages: [],
    goesOn: true,
  };
}

function terminated(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { output, outputRef, recursive } = message;
  const value = outputRef ? { outputRef } : output === undefined ? {} : { output };
  const outcome = ended(instance, { type: 'ExecutionTerminated', at, ...reasonOf(message), ...value });
  if (recursive === false) return outcome;
  return { ...outcome, messages: [...outcome.messages, ...openChildren(instance, message)] };
}

/** The instance ends from outside. */
export function ended(
  instance: OrchestrationInstance,
  ending: Parameters<OrchestrationTurn['end']>[0],
  more: (turn: OrchestrationTurn) => void = () => {},
): StepOutput {
  const { state, runner, instanceId } = instance;
  const unbegun = state.isScheduled ? state.started : undefined;
  const turn = instance.nextTurn();
  turn.end(ending, unbegun);
  more(turn);
  const retention = unbegun && runner.retentionOf(unbegun);
  return { ...turn.output(instanceId, { ...retention }), unwanted: unwantedAtEnd(state) };
}

/** The same orchestrator with the same input, as another run. */
function restarted(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const { state, instanceId, runner } = instance;
  if (!state.isEnded) return declined(message, new InstanceNotEndedError(instanceId));
  const executionId = instance.newId();
  const event = { ...anew(state.started!), at, executionId };
  const { inputRef } = event;
  const fault = inputRef && runner.fetched.faultOf(inputRef);
  runner.drop();
  if (!runner.knows(event))
    // the code is needed when it begins (docs/adr/0043)
    return answered({ entry: { scheduled: { ...event, startAt: at } }, messages: [] }, message, {
      result: executionId,
    });
  const turn = instance.firstTurn();
  if (fault) turn.refuse(event, fault);
  const returned = fault ? [] : runner.run(turn, [event]);
  const output = turn.output(instanceId, runner.retentionOf(event), returned);
  return answered(output, message, { result: executionId });
}

/** The start of an instance as that of another run. */
function anew(started: ExecutionStarted): ExecutionStarted {
  const { run: _, parent: _p, hasFormerChildren: _c, left: _l, startAt: _s, rewound: _r, ...rest } = started;
  return { ...rest, ...recordedBehaviour() };
}

function purged(instance: OrchestrationInstance, message: ControlMessage): StepOutput {
  const { state, runner, instanceId, address } = instance;
  if (!state.isEnded) return declined(message, new InstanceNotEndedError(instanceId));
  const children = childrenIn(runner.history.filter(isAction), state.started!);
  const messages =
    message.recursive === false
      ? []
      : [...toChildren(children, address, message), ...toFormerChildren(instance.formerChildren, message)];
  return answered({ entry: { purged: true }, messages }, message, {});
}

/** Nothing of the instance changes, but its children may be asked. */
function unchanged(reason: string, messages: readonly Addressed[]): StepOutput {
  return { entry: { refused: reason }, messages };
}

/** What happens to an execution that runs is part of its history. */
function told({ state }: OrchestrationInstance, event: InboundEvent): { readonly events?: readonly InboundEvent[] } {
  return state.isRunning ? { events: [event] } : {};
}

/** To all that goes on, of former executions, too. */
function openChildren(instance: OrchestrationInstance, message: ControlMessage): readonly Addressed[] {
  return toChildren(instance.state.children, instance.address, message);
}

export function reasonOf({ reason }: ControlMessage): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
