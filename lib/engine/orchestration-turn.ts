import { toFailureDetails } from '../core/failure.js';
import { recordedEvent } from '../core/handlers.js';
import type { ClosingEvent, ExecutionStarted, HistoryEvent, InboundEvent, UpdateRequested } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import type { Completion, HandlerOutcome, Turn } from '../core/turn.js';
import type { Json } from '../core/values.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, Address } from '../wire/messages.js';
import type { Notice } from '../wire/queries.js';
import type { StepEntry } from '../wire/record.js';
import type { PendingActivity, StepOutput } from './activation.js';
import { effectsOf } from './orchestration-effects.js';
import { answerTo, type AnsweredUpdate } from './orchestration-updates.js';

/** The end of an execution that ends the instance. */
type Ended = Extract<ClosingEvent, { type: 'ExecutionCompleted' | 'ExecutionFailed' }>;

type ContinuedAsNew = Extract<Completion, { type: 'ContinuedAsNew' }>;

/** Gathers what one step of an orchestration instance brings, through as many executions as it passes. */
export class OrchestrationTurn {
  readonly #address: Address;
  readonly #notify: readonly string[];
  #started: ExecutionStarted | undefined;
  readonly #events: HistoryEvent[] = [];
  readonly #messages: Addressed[] = [];
  #activities: PendingActivity[] = [];
  #customStatus: Json | undefined;
  readonly #answered: AnsweredUpdate[] = [];
  #ended: Ended | undefined;
  #at: number;
  #hasClosed = false;

  /** `notify`: who waits for the end; `at`: the instance's time; `started`: the running execution's first event. */
  constructor(address: Address, notify: readonly string[], at: number, started?: ExecutionStarted) {
    this.#address = address;
    this.#notify = notify;
    this.#at = at;
    this.#started = started;
  }

  /** An event as it is taken: one that was held back, or is carried over, came earlier (P19). */
  timed(event: InboundEvent): InboundEvent {
    return event.at < this.#at ? { ...event, at: this.#at } : event;
  }

  /** An event and what the code made of it. */
  take(event: InboundEvent, turn: Turn): Turn {
    if (event.type === 'ExecutionStarted') this.#started = event;
    this.#at = event.at;
    this.#events.push(recordedEvent(event, turn), ...turn.actions);
    if (event.type === 'UpdateRequested' && turn.update) this.answer(event, turn.update);
    const effects = effectsOf(turn.actions, this.#address, this.#started!.executionId);
    this.#messages.push(...effects.messages);
    this.#activities.push(...effects.activities);
    if (turn.customStatus !== undefined) this.#customStatus = turn.customStatus;
    if (turn.completion && !this.#ended) this.#complete(turn.completion);
    return turn;
  }

  /** What an update has come to. */
  answer(update: UpdateRequested, told: HandlerOutcome): void {
    const answered = answerTo(update, told);
    if (answered) this.#answered.push(answered);
  }

  /** An execution that cannot run at all. */
  refuse(event: ExecutionStarted, error: Error): void {
    this.take(event, { actions: [], completion: { type: 'Failed', failure: toFailureDetails(error) } });
  }

  /** An execution that cannot go on. */
  fail(error: Error, at: number): void {
    this.#at = at;
    this.#complete({ type: 'Failed', failure: toFailureDetails(error) });
  }

  /** The first event of the execution that follows the one which ended. */
  continued({ input, version }: ContinuedAsNew, executionId: string): ExecutionStarted {
    const { name, parent, executionId: former, run = former } = this.#started!;
    this.#customStatus = undefined;
    return {
      type: 'ExecutionStarted',
      at: this.#at,
      name,
      executionId,
      run,
      ...recordedBehaviour(),
      ...(input !== undefined && { input }),
      ...labelsOf(this.#started!),
      ...(version !== undefined && { version }),
      ...(parent && { parent }),
    };
  }

  #complete(completion: Completion): void {
    // Work of an execution that has ended is of no interest any more: its results would be refused.
    this.#activities = [];
    this.#hasClosed = true;
    const at = this.#at;
    if (completion.type === 'ContinuedAsNew') {
      this.#events.push({ type: 'ContinuedAsNew', at, ...inputOf(completion.input) });
      return;
    }
    this.#ended =
      completion.type === 'Completed'
        ? { type: 'ExecutionCompleted', at, ...(completion.output !== undefined && { output: completion.output }) }
        : { type: 'ExecutionFailed', at, failure: completion.failure };
    this.#events.push(this.#ended);
    this.#tellParent(this.#ended);
  }

  #tellParent(ended: Ended): void {
    const parent = this.#started?.parent;
    if (!parent) return;
    const { instanceId, executionId, taskId } = parent;
    this.#messages.push([
      orchestrationAddress(instanceId),
      { kind: 'result', of: 'subOrchestration', executionId, taskId, ...told(ended, 'result') },
    ]);
  }

  /** Whether an execution has ended in this step. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** The step's output; `extra`: what the entry says beside, and where the start is answered; what the next step is to take. */
  output(
    instanceId: string,
    { reply, ...extra }: Pick<StepEntry, 'notify' | 'outcome' | 'taken'> & { readonly reply?: string | undefined },
    returned: readonly InboundEvent[] = [],
  ): StepOutput {
    const notices = [...this.#answered.map(({ notice }) => notice), ...this.#endNotices(instanceId)];
    if (reply !== undefined && extra.outcome)
      notices.unshift([reply, { v: 1, kind: 'outcome', outcome: extra.outcome }]);
    return {
      entry: {
        events: this.#events,
        ...(this.#customStatus !== undefined && { customStatus: this.#customStatus }),
        ...extra,
        ...(this.#answered.length > 0 && { outcomes: this.#answered.map(({ outcome }) => outcome) }),
        ...(returned.length > 0 && { returned }),
      },
      goesOn: returned.length > 0 || undefined,
      messages: this.#messages,
      activities: this.#activities,
      notices,
    };
  }

  #endNotices(instanceId: string): (readonly [string, Notice])[] {
    const ended = this.#ended;
    if (!ended) return [];
    const { executionId, run: runId = executionId } = this.#started!;
    const notice: Notice = {
      v: 1,
      kind: 'ended',
      instanceId,
      runId,
      runtimeStatus: ended.type === 'ExecutionCompleted' ? 'Completed' : 'Failed',
      ...told(ended, 'output'),
    };
    return this.#notify.map((inbox) => [inbox, notice] as const);
  }
}

function inputOf(input: Json | undefined): { readonly input?: Json } {
  return input === undefined ? {} : { input };
}

function told<K extends 'result' | 'output'>(ended: Ended, field: K) {
  if (ended.type === 'ExecutionFailed') return { failure: ended.failure };
  return ended.output === undefined ? {} : ({ [field]: ended.output } as { readonly [P in K]: Json });
}
