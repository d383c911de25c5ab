import type { HistoryEvent, InboundEvent } from '../../lib/core/history.js';
import { jsonEqual } from '../../lib/core/json-equal.js';
import type { Json } from '../../lib/core/values.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type {
  Addressed,
  Caller,
  ControlAction,
  ControlMessage,
  Message,
  StartMessage,
} from '../../lib/wire/messages.js';
import type { StepEntry } from '../../lib/wire/record.js';

/**
 * What an instance is to make of a message, by what it is when the step is recorded: the model of suspend, resume, cancel,
 * terminate, rewind, restart, purge and of starts that find an instance. The log gives the order; nothing is left to chance.
 */

type Started = Extract<HistoryEvent, { type: 'ExecutionStarted' }>;

/** An instance before a step. */
export interface LifeState {
  /** The execution that runs, ended last, or is to begin later. */
  readonly started: Started | undefined;
  readonly status: string;
  readonly hasEnded: boolean;
  /** Whether it has failed of tasks that can be asked for again. */
  readonly isRewindable: boolean;
  /** Whether it is to begin later. */
  readonly isPending: boolean;
  readonly isSuspended: boolean;
  readonly isSuspendedByParent: boolean;
  readonly isCanceled: boolean;
  /** What is held back. */
  readonly held: readonly InboundEvent[];
  /** When it may be purged by itself; undefined: never. */
  readonly purgeAt: number | undefined;
}

/** What a step did and what it answered. */
type Effect = readonly [done: string, answer: string];

/** What is wrong with a step; undefined: nothing. `stored`: when its record was, by the earliest clock. */
export function faultOf(
  before: LifeState,
  message: Message | undefined,
  entry: StepEntry,
  stored: number,
): string | undefined {
  const allowed = message ? expected(before, message, stored) : ownEffects(before, stored);
  if (!allowed) return faultOfHeld(before, entry);
  const [done, answer] = effectOf(before, entry);
  if (!allowed.some((one) => one[0] === done && one[1] === answer))
    return (
      `${textOf(message)} of an instance that is ${textOfState(before)}: it ${done}, ${answer}; ` +
      `expected ${allowed.map((one) => one.join(', ')).join(' or ')}`
    );
  return faultOfHeld(before, entry);
}

function expected(before: LifeState, message: Message, stored: number): readonly Effect[] | undefined {
  const { started, hasEnded, isSuspended, isPending, held } = before;
  const takes = isSuspended || isPending || held.length > 0 ? 'holds back' : 'takes';
  switch (message.kind) {
    case 'start':
      return message.isRepeated ? afterRepeatedStart(before, message, stored) : afterStart(before, message, stored);
    case 'control':
      return afterControl(before, message, takes);
    case 'event':
      if (hasEnded || !isForRun(started, message.runId)) return [['does nothing', '']];
      return [[`${started ? takes : 'holds back'} EventRaised`, '']];
    case 'update':
      if (!started) return [['does nothing', 'PERDURE_NOT_FOUND']];
      if (hasEnded) return [['does nothing', 'PERDURE_INSTANCE_ENDED']];
      return [[`${takes} UpdateRequested`, '']];
    case 'result':
    case 'operation':
    case 'lockRequest':
    case 'lockCancel':
    case 'lockRelease':
      return undefined; // C4 says it all
  }
}

function afterStart(before: LifeState, message: StartMessage, stored: number): readonly Effect[] {
  const { started, hasEnded } = before;
  const isAsked = message.reply !== undefined;
  const answer = isAsked ? 'ok' : '';
  if (started && message.ifExists === 'attach') return [['does nothing', answer]];
  const goesOn = started && !hasEnded;
  if (goesOn && message.ifExists !== 'replace') return [['does nothing', isAsked ? 'PERDURE_INSTANCE_EXISTS' : '']];
  const what = goesOn ? 'is replaced' : 'begins';
  // Whether its time has come is for the owner's clock to say, which may be behind; its record is stored later.
  const { startAt } = message;
  return [
    ...(startAt === undefined || startAt <= stored ? [[what, answer] as const] : []),
    ...(startAt === undefined ? [] : [[`${what} later`, answer] as const]),
  ];
}

/** The parent was rewound: its child goes on, answers once more, goes on itself, or begins anew. */
function afterRepeatedStart(before: LifeState, message: StartMessage, stored: number): readonly Effect[] {
  const { started, hasEnded, status } = before;
  if (!started || !message.parent || !isChildOf(started, message.parent)) return afterStart(before, message, stored);
  if (!hasEnded || status === 'Completed') return [['does nothing', '']];
  return status === 'Failed' ? afterRewind(before, '', '') : [['begins', '']];
}

function afterRewind({ isRewindable }: LifeState, answer: string, refusal: string): readonly Effect[] {
  return [['is rewound', answer], ...(isRewindable ? [] : [['does nothing', refusal] as const])];
}

function afterControl(before: LifeState, message: ControlMessage, takes: string): readonly Effect[] {
  const { started, hasEnded, isSuspended, isSuspendedByParent, isPending, isCanceled, status } = before;
  const answer = (text: string): string => (message.reply === undefined ? '' : text);
  const refused = (code: string): readonly Effect[] => [['does nothing', answer(`PERDURE_${code}`)]];
  const done = (what: string): readonly Effect[] => [[what, answer('ok')]];
  if (!started) return refused('NOT_FOUND');
  if (!isMeant(started, message)) return refused('INSTANCE_REPLACED');
  switch (message.action) {
    case 'suspend':
      return hasEnded ? refused('INSTANCE_ENDED') : done(isSuspended ? 'does nothing' : 'is suspended');
    case 'resume':
      return hasEnded ? refused('INSTANCE_ENDED') : done(isSuspended ? 'is resumed' : 'does nothing');
    case 'terminate':
      return hasEnded ? refused('INSTANCE_ENDED') : done('ends with ExecutionTerminated');
    case 'cancel':
      if (hasEnded) return refused('INSTANCE_ENDED');
      if (isPending) return done('ends with ExecutionCanceled');
      if (message.parent && isSuspendedByParent) return done('is resumed');
      return done(isCanceled ? 'does nothing' : `${takes} CancellationRequested`);
    case 'rewind':
      return status === 'Failed'
        ? afterRewind(before, answer('ok'), answer('PERDURE_NOT_REWINDABLE'))
        : refused('NOT_REWINDABLE');
    case 'restart':
      return hasEnded ? done('begins') : refused('INSTANCE_NOT_ENDED');
    case 'purge':
      return hasEnded ? done('is purged') : refused('INSTANCE_NOT_ENDED');
    case 'restore':
      throw new Error('Nobody restores anything here');
  }
}

/** Whether a message that may name a run is for the one that is there. */
function isForRun(started: Started | undefined, runId: string | undefined): boolean {
  return runId === undefined || runId === (started?.run ?? started?.executionId);
}

function isMeant(started: Started, { runId, parent }: ControlMessage): boolean {
  if (!isForRun(started, runId)) return false;
  return !parent || isChildOf(started, parent);
}

function isChildOf({ parent }: Started, { address, executionId, taskId }: Caller): boolean {
  return (
    parent !== undefined &&
    orchestrationAddress(parent.instanceId) === address &&
    parent.executionId === executionId &&
    parent.taskId === taskId
  );
}

/** What a message asks of the children of an instance that goes on as well; undefined: nothing. */
function askedOfChildren(
  started: Started,
  message: Message | undefined,
  { events: [first] = [] }: StepEntry,
): ControlAction | undefined {
  if (first?.type === 'CancellationRequested') return first.recursive === false ? undefined : 'cancel';
  if (message?.kind === 'start') return message.ifExists === 'replace' ? 'terminate' : undefined;
  if (message?.kind !== 'control' || !isMeant(started, message)) return undefined;
  const { action, recursive } = message;
  // One that runs is neither purged nor restarted nor rewound; a cancel is for the step that takes it.
  const reachesAll =
    action === 'terminate' ? recursive !== false : recursive === true && (action === 'suspend' || action === 'resume');
  return reachesAll ? action : undefined;
}

/** A child that the record which ends or holds back its parent does not ask the same; undefined: all are. */
export function unaskedChild(
  { started, hasEnded }: LifeState,
  children: readonly string[],
  message: Message | undefined,
  entry: StepEntry,
  sent: readonly Addressed[],
): string | undefined {
  const action = started && !hasEnded ? askedOfChildren(started, message, entry) : undefined;
  if (action === undefined) return undefined;
  const asked = new Set(sent.flatMap(([to, body]) => (body.kind === 'control' && body.action === action ? [to] : [])));
  const child = children.find((instanceId) => !asked.has(orchestrationAddress(instanceId)));
  return child === undefined ? undefined : `${child} is not asked to ${action} with it`;
}

/** What happens without a message; undefined: anything that a running instance may do. */
function ownEffects({ started, purgeAt, isPending, hasEnded }: LifeState, stored: number): Effect[] | undefined {
  if (hasEnded) return purgeAt !== undefined && purgeAt <= stored ? [['is purged', '']] : [];
  if (isPending) return (started?.startAt ?? 0) <= stored ? [['begins', '']] : [];
  return undefined;
}

function effectOf({ isPending }: LifeState, entry: StepEntry): Effect {
  const { outcome } = entry;
  const answer = !outcome ? '' : outcome.failure ? (outcome.failure.code ?? outcome.failure.name) : 'ok';
  return [doneBy(entry, isPending), answer];
}

function doneBy({ purged, suspension, scheduled, events = [], buffered }: StepEntry, isPending: boolean): string {
  const [first, second] = events;
  if (purged) return 'is purged';
  if (suspension !== undefined) return suspension === null ? 'is resumed' : 'is suspended';
  if (scheduled) return first ? 'is replaced later' : 'begins later';
  if (!first) return buffered?.[0] ? `holds back ${buffered[0].type}` : 'does nothing';
  if (first.type === 'ExecutionStarted') {
    if (isPending && events.length === 2 && isEndFromOutside(second)) return `ends with ${second!.type}`;
    if (isPending && isEndFromOutside(second)) return 'is replaced'; // it had not even begun
    return first.rewound ? 'is rewound' : 'begins';
  }
  if (isEndFromOutside(first)) return second?.type === 'ExecutionStarted' ? 'is replaced' : `ends with ${first.type}`;
  return `takes ${first.type}`;
}

function isEndFromOutside(event: HistoryEvent | undefined): boolean {
  return event?.type === 'ExecutionTerminated' || event?.type === 'ExecutionCanceled';
}

/** While somebody has suspended it nothing runs; what is held back is taken in order, and nothing of it twice. */
function faultOfHeld({ isSuspended, held }: LifeState, entry: StepEntry): string | undefined {
  const { events = [], taken = 0, suspension } = entry;
  const [first] = events;
  const isTouched = suspension !== undefined || isEndFromOutside(first) || first?.type === 'ExecutionStarted';
  if (isSuspended && !isTouched && (events.length > 0 || taken > 0))
    return `went on with ${first?.type ?? 'what it holds back'} while it was suspended`;
  if (taken === 0) return undefined;
  if (taken > held.length) return `took ${taken} of ${held.length} events that were held back`;
  const expectedEvents = held.slice(0, taken).map(bare);
  const until = events.findIndex(({ type }) => type === 'ContinuedAsNew');
  const seen = (until < 0 ? events : events.slice(0, until)).filter(isTaken).map(bare);
  const isPrefix = seen.every((event, at) => jsonEqual(event, expectedEvents[at]));
  const isAll = seen.length === taken || until >= 0 || endings.has(events.at(-1)?.type ?? '') || entry.returned;
  return isPrefix && isAll
    ? undefined
    : `took ${JSON.stringify(seen)} of what was held back: ${JSON.stringify(expectedEvents)}`;
}

const endings: ReadonlySet<string> = new Set([
  'ExecutionCompleted',
  'ExecutionFailed',
  'ExecutionTerminated',
  'ExecutionCanceled',
]);

/** Whether an event came from outside. */
function isTaken(event: HistoryEvent): boolean {
  return 'at' in event && !endings.has(event.type);
}

/** Of an event what does not change when it is taken later. */
function bare(event: HistoryEvent): Json {
  if (event.type === 'ExecutionStarted') return { type: event.type, executionId: event.executionId };
  const { type } = event;
  const id = 'id' in event ? { id: event.id } : {};
  const name = event.type === 'EventRaised' || event.type === 'UpdateRequested' ? { name: event.name } : {};
  const input = 'input' in event && event.input !== undefined ? { input: event.input } : {};
  return { type, ...id, ...name, ...input };
}

function textOf(message: Message | undefined): string {
  if (!message) return 'a step';
  if (message.kind === 'control') return message.action;
  return message.kind === 'start' ? `a start${message.ifExists ? ` (${message.ifExists})` : ''}` : message.kind;
}

function textOfState({ started, status, isSuspended, isPending, held }: LifeState): string {
  const what = isPending ? 'Pending' : started ? status : 'not there';
  return `${what}${isSuspended ? ', suspended' : ''}${held.length > 0 ? `, with ${held.length} held back` : ''}`;
}
