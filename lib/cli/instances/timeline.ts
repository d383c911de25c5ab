import type { EntityId, HistoryEvent } from '../../core/history.js';
import type { FailureDetails } from '../../errors.js';
import { paint, type Look } from '../paint.js';
import { durationText, harmless, timeText, valueText } from '../text.js';

/** What is said of an event, and in which colour. */
type Telling = readonly [text: string, look?: Look];

/** What has answered is told with how long it took, and as what it was called. */
interface Asked {
  readonly at: number;
  readonly name: string;
}

/** A history for people: a line for each event, with its time and what has passed since the one before. */
export function timelineOf(history: readonly HistoryEvent[]): readonly string[] {
  const asked = new Map<number, Asked>();
  const lines: string[] = [];
  let now: number | undefined;
  for (const event of history) {
    const before = now;
    if ('at' in event) now = event.at;
    const [text, look] = tellingOf(event, asked, now ?? 0);
    if ('id' in event && !('at' in event)) asked.set(event.id, { at: now ?? 0, name: nameOf(event) });
    const isNew = now !== undefined && now !== before;
    const time = isNew ? timeText(new Date(now!)).padEnd(24) : ' '.repeat(24);
    const since = isNew && before !== undefined ? `+${durationText(now! - before)}` : '';
    lines.push(`${paint('dim', `${time} ${since.padStart(11)}`)}  ${look ? paint(look, text) : text}`);
  }
  return lines;
}

/** The open actions of a history: what the instance may wait for. */
export function openActions(history: readonly HistoryEvent[]): readonly string[] {
  const open = new Map<number, string>();
  for (const event of history) {
    if (event.type === 'TimerCanceled') open.delete(event.timerId);
    else if ('at' in event && 'id' in event) open.delete(event.id);
    else if (isAwaited(event)) open.set(event.id, nameOf(event));
  }
  return Array.from(open, ([id, name]) => `${name} #${id}`);
}

type Numbered = Extract<HistoryEvent, { readonly id: number }>;

const awaited = [
  'TaskScheduled',
  'SubOrchestrationInstanceCreated',
  'TimerCreated',
  'EntityOperationCalled',
  'LockRequested',
] as const satisfies readonly HistoryEvent['type'][];

function isAwaited(event: HistoryEvent): event is Extract<Numbered, { type: (typeof awaited)[number] }> {
  return (awaited as readonly string[]).includes(event.type);
}

/** What an action is called in the lines that follow. */
function nameOf(event: Numbered): string {
  if (event.type === 'TaskScheduled')
    return `activity ${harmless(event.name)}${event.queue === undefined ? '' : ` in queue ${harmless(event.queue)}`}`;
  if (event.type === 'SubOrchestrationInstanceCreated')
    return `orchestration ${harmless(event.name)} (${harmless(event.instanceId)})`;
  if (event.type === 'EntityOperationCalled' || event.type === 'EntityOperationSignaled')
    return `${entityText(event.entity)} ${harmless(event.operation)}`;
  if (event.type === 'TimerCreated') return `timer for ${timeText(new Date(event.fireAt))}`;
  if (event.type === 'LockRequested') return `lock of ${event.entities.map(entityText).join(', ')}`;
  return `#${event.id}`;
}

function tellingOf(event: HistoryEvent, asked: ReadonlyMap<number, Asked>, now: number): Telling {
  const input = 'input' in event ? ` ${valueText(event.input)}` : '';
  const of = (id: number): string => {
    const question = asked.get(id);
    return question ? `${question.name} #${id} after ${durationText(now - question.at)}` : `#${id}`;
  };
  switch (event.type) {
    case 'ExecutionStarted':
      return [
        `started ${harmless(event.name)}${event.version === undefined ? '' : `@${harmless(event.version)}`}${input}`,
        'bold',
      ];
    case 'TaskScheduled':
    case 'EntityOperationCalled':
      return [`call ${nameOf(event)} #${event.id}${input}`];
    case 'EntityOperationSignaled': {
      const at = event.fireAt === undefined ? '' : ` for ${timeText(new Date(event.fireAt))}`;
      return [`signal ${nameOf(event)}${at}${input}`];
    }
    case 'SubOrchestrationInstanceCreated':
      return [`call ${nameOf(event)} #${event.id}${input}`];
    case 'OrchestrationStartSent':
      return [`start orchestration ${harmless(event.name)} (${harmless(event.instanceId)})${input}`];
    case 'TaskCompleted':
    case 'SubOrchestrationInstanceCompleted':
    case 'EntityOperationCompleted':
      return [`done ${of(event.id)}${event.result === undefined ? '' : `: ${valueText(event.result)}`}`, 'green'];
    case 'TaskFailed':
    case 'SubOrchestrationInstanceFailed':
    case 'EntityOperationFailed':
      return [`failed ${of(event.id)}: ${failureText(event.failure)}`, 'red'];
    case 'TimerCreated':
      return [`set ${nameOf(event)} #${event.id}`];
    case 'TimerCanceled':
      return [`cancel timer #${event.timerId}`];
    case 'TimerFired':
      return [`fired ${of(event.id)}`];
    case 'LockRequested':
      return [`request ${nameOf(event)} #${event.id}${event.transaction ? ' for a transaction' : ''}`];
    case 'LockGranted':
      return [`granted ${of(event.id)}`];
    case 'LockLost':
      return [`lost ${of(event.id)}: ${failureText(event.failure)}`, 'red'];
    case 'LockReleased':
      return [`release ${asked.get(event.lockId)?.name ?? `lock #${event.lockId}`}${event.commit ? ', commit' : ''}`];
    case 'EventRaised':
      return [`event ${harmless(event.name)}${input}`, 'cyan'];
    case 'EventSent':
      return [`send event ${harmless(event.name)} to ${harmless(event.instanceId)}${input}`];
    case 'UpdateRequested':
      return [
        `update ${harmless(event.name)}${input}${event.failure ? `: ${failureText(event.failure)}` : ''}`,
        'cyan',
      ];
    case 'UpdateAnswered':
      return [`update answered${event.failure ? `: ${failureText(event.failure)}` : ''}`];
    case 'Patched':
      return [`patched ${harmless(event.name)}`, 'dim'];
    case 'CancellationRequested':
      return [`cancellation requested${reasonText(event)}`, 'yellow'];
    case 'ExecutionSuspended':
      return [`suspended${reasonText(event)}`, 'magenta'];
    case 'ExecutionResumed':
      return [`resumed${reasonText(event)}`, 'magenta'];
    case 'ExecutionCompleted':
      return [`completed${event.output === undefined ? '' : ` ${valueText(event.output)}`}`, 'green'];
    case 'ExecutionFailed':
      return [`failed: ${failureText(event.failure)}`, 'red'];
    case 'ExecutionTerminated':
      return [`terminated${reasonText(event)}`, 'yellow'];
    case 'ExecutionCanceled':
      return [`canceled${reasonText(event)}`, 'yellow'];
    case 'ContinuedAsNew':
      return [`continued as new${input}`, 'cyan'];
  }
}

function entityText({ name, key }: EntityId): string {
  return `entity ${harmless(name)} ${harmless(key)}`;
}

function failureText({ name, message }: FailureDetails): string {
  return harmless(`${name}: ${message}`);
}

function reasonText({ reason }: { readonly reason?: string }): string {
  return reason === undefined ? '' : `: ${harmless(reason)}`;
}
