import type { Action, ClosingEvent, ExecutionStarted, HistoryEvent } from '../core/history.js';
import { isAction, isClosing } from '../core/replay-check.js';
import { sha1 } from '../core/sha1.js';

/** A value of an attribute, in the JSON form of OTLP. */
export interface OtlpAttribute {
  /** What it is about. */
  readonly key: string;
  /** The value; whole numbers are written as texts. */
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** A span in the JSON form of OTLP. */
export interface OtlpSpan {
  /** 32 hexadecimal digits: all of one tree of instances. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** The span that it is a part of; absent: none. */
  readonly parentSpanId?: string;
  /** What was done, such as `activity:charge`, as the original names it. */
  readonly name: string;
  /** 1: internal, 2: server, 3: client, 4: producer. */
  readonly kind: number;
  /** When it began, in nanoseconds since 1970. */
  readonly startTimeUnixNano: string;
  /** When it ended, likewise. */
  readonly endTimeUnixNano: string;
  /** What else is known of it. */
  readonly attributes: readonly OtlpAttribute[];
  /** External events that came meanwhile. */
  readonly events: readonly { readonly timeUnixNano: string; readonly name: string }[];
  /** Code 2: it failed, with what message. Code 0: nothing is said. */
  readonly status: { readonly code: number; readonly message?: string };
}

/** An instance, its history, and the instances that it waited for, by the numbers of its actions. */
export interface TracedInstance {
  readonly instanceId: string;
  readonly history: readonly HistoryEvent[];
  readonly children: ReadonlyMap<number, TracedInstance>;
}

const kinds = { internal: 1, server: 2, client: 3, producer: 4 } as const;

/** What a span says beside when and where. */
interface Described {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  readonly type: string;
  /** The rest of the names of attributes, behind `durabletask.`, and their values. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

/** Where a span belongs. */
interface Place {
  readonly traceId: string;
  readonly parentSpanId?: string;
}

/**
 * The spans of a tree of instances, the root first. Their ids follow from those of the executions: however often and wherever they
 * are made, they are the same. Nothing of what was handed over is in them: no input, no result, no event's data.
 */
export function spansOf(instance: TracedInstance): readonly OtlpSpan[] {
  const [started] = instance.history;
  if (started?.type !== 'ExecutionStarted') return [];
  return new Spans(instance, started, { traceId: digits(`trace ${started.executionId}`, 32) }).all();
}

class Spans {
  readonly #instance: TracedInstance;
  readonly #started: ExecutionStarted;
  readonly #place: Place;
  readonly #own: string;
  readonly #spans: OtlpSpan[] = [];
  readonly #events: OtlpSpan['events'][number][] = [];
  /** What waits for its answer, and since when. */
  readonly #open = new Map<number, readonly [Action, number]>();

  constructor(instance: TracedInstance, started: ExecutionStarted, place: Place) {
    this.#instance = instance;
    this.#started = started;
    this.#place = place;
    this.#own = this.#idOf('');
  }

  all(): readonly OtlpSpan[] {
    let now = this.#started.at;
    for (const event of this.#instance.history) {
      if ('at' in event) now = Math.max(now, event.at);
      this.#take(event, now);
    }
    return [this.#whole(now), ...this.#spans];
  }

  #take(event: HistoryEvent, now: number): void {
    if (event.type === 'EventRaised')
      this.#events.push({ timeUnixNano: nanoseconds(now), name: `event ${event.name}` });
    if (isAction(event)) return this.#asked(event, now);
    if (isClosing(event) || !('id' in event)) return;
    const [action, since] = this.#open.get(event.id) ?? [];
    this.#open.delete(event.id);
    if (action && since !== undefined)
      this.#span(action, since, now, 'failure' in event ? event.failure.message : undefined);
  }

  #asked(action: Action, now: number): void {
    if (action.type === 'TimerCanceled') this.#open.delete(action.timerId);
    else if ('id' in action && isPoint(action)) this.#span(action, now, now, undefined);
    else if ('id' in action) this.#open.set(action.id, [action, now]);
  }

  #span(action: Action, from: number, to: number, failure: string | undefined): void {
    const described = describe(action, this.#started);
    if (!described || !('id' in action)) return;
    const spanId = this.#idOf(String(action.id));
    const { traceId } = this.#place;
    this.#spans.push(this.#made(described, spanId, this.#own, [from, to], failure));
    const child = this.#instance.children.get(action.id);
    const [started] = child?.history ?? [];
    if (child && started?.type === 'ExecutionStarted')
      this.#spans.push(...new Spans(child, started, { traceId, parentSpanId: spanId }).all());
  }

  /** Of one that goes on: up to what came last. */
  #whole(end: number): OtlpSpan {
    const { name, version, executionId } = this.#started;
    const closing = this.#instance.history.find(isClosing);
    const described = {
      name: `orchestration:${name}${version === undefined ? '' : `@(${version})`}`,
      kind: 'server',
      type: 'orchestration',
      attributes: {
        'task.name': name,
        'task.version': version,
        'task.instance_id': this.#instance.instanceId,
        'task.execution_id': executionId,
        'task.status': closing ? statuses[closing.type] : 'Running',
      },
    } as const;
    const failure = closing?.type === 'ExecutionFailed' ? closing.failure.message : undefined;
    const span = this.#made(described, this.#own, this.#place.parentSpanId, [this.#started.at, end], failure);
    return { ...span, events: this.#events };
  }

  #made(
    { name, kind, type, attributes }: Described,
    spanId: string,
    parentSpanId: string | undefined,
    [from, to]: readonly [number, number],
    failure: string | undefined,
  ): OtlpSpan {
    const all = Object.entries({ type, ...attributes });
    return {
      traceId: this.#place.traceId,
      spanId,
      ...(parentSpanId !== undefined && { parentSpanId }),
      name,
      kind: kinds[kind],
      startTimeUnixNano: nanoseconds(from),
      endTimeUnixNano: nanoseconds(to),
      attributes: all.flatMap(([key, value]) => (value === undefined ? [] : attribute(`durabletask.${key}`, value))),
      events: [],
      status: failure === undefined ? { code: 0 } : { code: 2, message: failure },
    };
  }

  #idOf(action: string): string {
    return digits(`span ${this.#started.executionId} ${action}`, 16);
  }
}

const statuses = {
  ExecutionCompleted: 'Completed',
  ExecutionFailed: 'Failed',
  ExecutionTerminated: 'Terminated',
  ExecutionCanceled: 'Canceled',
  ContinuedAsNew: 'ContinuedAsNew',
} as const satisfies Record<ClosingEvent['type'], string>;

/** Whether it is done with being asked for. */
function isPoint({ type }: Action): boolean {
  return type === 'EntityOperationSignaled' || type === 'EventSent' || type === 'OrchestrationStartSent';
}

/** Undefined: it has no span. */
function describe(action: Action, { name: orchestration }: ExecutionStarted): Described | undefined {
  switch (action.type) {
    case 'TaskScheduled':
      return {
        name: `activity:${action.name}`,
        kind: 'client',
        type: 'activity',
        attributes: { 'task.name': action.name, 'task.task_id': action.id },
      };
    case 'SubOrchestrationInstanceCreated':
    case 'OrchestrationStartSent': {
      const isWaited = action.type === 'SubOrchestrationInstanceCreated';
      return {
        name: `${isWaited ? 'orchestration' : 'create_orchestration'}:${action.name}`,
        kind: isWaited ? 'client' : 'producer',
        type: 'orchestration',
        attributes: {
          'task.name': action.name,
          'task.instance_id': action.instanceId,
          ...(isWaited && { 'task.task_id': action.id }),
        },
      };
    }
    case 'TimerCreated':
      return {
        name: `orchestration:${orchestration}:timer`,
        kind: 'internal',
        type: 'timer',
        attributes: { fire_at: new Date(action.fireAt).toISOString(), 'task.task_id': action.id },
      };
    case 'EntityOperationCalled':
    case 'EntityOperationSignaled': {
      const isCall = action.type === 'EntityOperationCalled';
      const { entity, operation } = action;
      return {
        name: `${isCall ? 'call' : 'signal'}_entity:${entity.name}:${operation}`,
        kind: isCall ? 'client' : 'producer',
        type: 'entity',
        attributes: { 'entity.operation': operation, 'entity.instance_id': `@${entity.name}@${entity.key}` },
      };
    }
    case 'EventSent':
      return {
        name: `orchestration_event:${action.name}`,
        kind: 'producer',
        type: 'event',
        attributes: { 'event.target_instance_id': action.instanceId },
      };
    case 'LockRequested':
      return { name: 'lock_entities', kind: 'client', type: 'lock', attributes: { entities: action.entities.length } };
    case 'LockReleased':
    case 'TimerCanceled':
    case 'Patched':
    case 'UpdateAnswered':
      return undefined;
  }
}

function attribute(key: string, value: string | number): OtlpAttribute {
  return { key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } };
}

function nanoseconds(milliseconds: number): string {
  return `${milliseconds}000000`;
}

const utf8 = new TextEncoder();

function digits(name: string, count: number): string {
  return Array.from(sha1(utf8.encode(name)), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, count);
}
