import type { HistoryEvent, NumberedAction } from '../core/history.js';
import { withoutStacks } from '../client/told-failure.js';

/** An event of a history in the original's shape. */
export type HistoryEventBody = { readonly EventType: string } & Readonly<Record<string, unknown>>;

/** How a history is told. */
export interface HistoryOptions {
  readonly showInput: boolean;
  readonly showOutput: boolean;
}

type Named<T extends HistoryEvent['type']> = Extract<HistoryEvent, { type: T }>;

const answerTypes = [
  'TaskCompleted',
  'TaskFailed',
  'SubOrchestrationInstanceCompleted',
  'SubOrchestrationInstanceFailed',
  'EntityOperationCompleted',
  'EntityOperationFailed',
] as const;
type Answer = Named<(typeof answerTypes)[number]>;
const answers: ReadonlySet<string> = new Set(answerTypes);

/** What asks for what, in the words of the original, where it has one. */
const names: Readonly<Record<string, string>> = {
  LockRequested: 'EntityLockRequested',
  LockGranted: 'EntityLockGranted',
  LockReleased: 'EntityUnlockSent',
  ContinuedAsNew: 'ContinueAsNew',
};

/**
 * A history in the original's shape: what asked for an activity, a child or an operation that has answered is merged into the
 * answer. An action has the time of the event that its code was told last.
 */
export function historyBody(history: readonly HistoryEvent[], options: HistoryOptions): readonly HistoryEventBody[] {
  const asked = new Map<number, { readonly at: number; readonly action: NumberedAction; readonly place: number }>();
  const told: (HistoryEventBody | undefined)[] = [];
  let now = 0;
  for (const event of history) {
    if ('at' in event) now = event.at;
    if (isAnswer(event)) {
      const question = asked.get(event.id);
      if (question) told[question.place] = undefined;
      told.push(answerBody(event, question, options));
      continue;
    }
    if ('id' in event && !('at' in event)) asked.set(event.id, { at: now, action: event, place: told.length });
    told.push(eventBody(event, now, asked, options));
  }
  return told.filter((event) => event !== undefined);
}

function isAnswer(event: HistoryEvent): event is Answer {
  return answers.has(event.type);
}

function answerBody(
  event: Answer,
  question: { readonly at: number; readonly action: NumberedAction } | undefined,
  { showInput, showOutput }: HistoryOptions,
): HistoryEventBody {
  const { action, at } = question ?? {};
  return {
    EventType: event.type,
    Timestamp: iso(event.at),
    ...(at !== undefined && { ScheduledTime: iso(at) }),
    ...(action && 'name' in action && { FunctionName: action.name }),
    ...(action?.type === 'EntityOperationCalled' && { EntityId: action.entity, Operation: action.operation }),
    ...(showInput && action && 'input' in action && { Input: action.input }),
    ...('failure' in event
      ? { Reason: event.failure.message, FailureDetails: withoutStacks(event.failure) }
      : showOutput && { Result: event.result ?? null }),
  };
}

function eventBody(
  event: Exclude<HistoryEvent, Answer>,
  now: number,
  asked: ReadonlyMap<number, { readonly action: NumberedAction }>,
  options: HistoryOptions,
): HistoryEventBody {
  const told = { EventType: names[event.type] ?? event.type, Timestamp: iso(now) };
  const { showInput } = options;
  const input = showInput && 'input' in event ? { Input: event.input } : {};
  switch (event.type) {
    case 'ExecutionStarted':
      return { ...told, FunctionName: event.name, ...input };
    case 'ExecutionCompleted':
    case 'ExecutionFailed':
    case 'ExecutionCanceled':
      return { ...told, EventType: 'ExecutionCompleted', ...endOf(event, options) };
    case 'ExecutionTerminated':
      return { ...told, ...reasonOf(event), ...(options.showOutput && { Result: event.output ?? null }) };
    case 'TimerFired': {
      const timer = asked.get(event.id)?.action;
      return { ...told, ...(timer?.type === 'TimerCreated' && { FireAt: iso(timer.fireAt) }) };
    }
    case 'TimerCreated':
      return { ...told, FireAt: iso(event.fireAt) };
    case 'SubOrchestrationInstanceCreated':
    case 'OrchestrationStartSent':
      return { ...told, Name: event.name, InstanceId: event.instanceId, ...input };
    case 'EventSent':
      return { ...told, InstanceId: event.instanceId, Name: event.name, ...input };
    case 'TaskScheduled':
    case 'EventRaised':
    case 'UpdateRequested':
    case 'Patched':
      return { ...told, Name: event.name, ...input };
    case 'EntityOperationCalled':
    case 'EntityOperationSignaled':
      return { ...told, EntityId: event.entity, Operation: event.operation, ...input };
    case 'LockRequested':
    case 'LockReleased':
      return { ...told, LockSet: event.entities };
    case 'LockLost':
      return { ...told, FailureDetails: withoutStacks(event.failure) };
    case 'CancellationRequested':
    case 'ExecutionSuspended':
    case 'ExecutionResumed':
      return { ...told, ...reasonOf(event) };
    case 'ContinuedAsNew':
      return { ...told, ...input };
    case 'UpdateAnswered':
      return { ...told, ...(event.failure && { FailureDetails: withoutStacks(event.failure) }) };
    case 'TimerCanceled':
    case 'LockGranted':
      return told;
  }
}

function endOf(
  event: Named<'ExecutionCompleted' | 'ExecutionFailed' | 'ExecutionCanceled'>,
  { showOutput }: HistoryOptions,
): Readonly<Record<string, unknown>> {
  if (event.type === 'ExecutionCanceled') return { OrchestrationStatus: 'Canceled', ...reasonOf(event) };
  if (event.type === 'ExecutionCompleted')
    return { OrchestrationStatus: 'Completed', ...(showOutput && { Result: event.output ?? null }) };
  const { failure } = event;
  const text = `${failure.name}: ${failure.message}`;
  return {
    OrchestrationStatus: 'Failed',
    ...(showOutput && { Result: text }),
    FailureDetails: withoutStacks(failure),
  };
}

function reasonOf({ reason }: { readonly reason?: string }): { readonly Reason?: string } {
  return reason === undefined ? {} : { Reason: reason };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
