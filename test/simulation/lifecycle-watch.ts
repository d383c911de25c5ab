import type { HistoryEvent } from '../../lib/core/history.js';
import type { Json } from '../../lib/core/values.js';
import type { Message } from '../../lib/wire/messages.js';
import type { Outcome, StepEntry } from '../../lib/wire/record.js';
import { LIFE_LEDGERS, tokenOf } from './lifecycle-script.js';

/** How a run ended. */
export interface LifeEnd {
  readonly token: string | undefined;
  readonly status: string;
  readonly output: Json | undefined;
  /** What it had asked ledgers for, in order: all entries of the run. */
  readonly asked: readonly string[];
}

/** A message as its receiver takes it. */
export interface Taken {
  readonly id: string | undefined;
  readonly message: Message;
}

/** What the log says that an instance has been through, run by run. */
export class Life {
  /** What was answered to each message that its client gave a name: `ok`, the result of an update, or the code of the refusal. */
  readonly answers = new Map<string, string>();
  /** The tokens of the runs, in order. */
  readonly runs: (string | undefined)[] = [];
  readonly ends: LifeEnd[] = [];
  /** The updates of the run that goes on or has ended last. */
  updates: string[] = [];
  /** What all runs asked ledgers for: entry and ledger. */
  readonly asked = new Map<string, string>();
  /** The instances that it started one-way. */
  readonly started = new Set<string>();
  /** How many ends there were when it was rewound last. */
  rewoundAt = 0;
  purges = 0;
  /** Updates that it took and has not answered. */
  readonly unanswered = new Set<string>();
  /** Such as it has answered more than once. */
  readonly answeredAgain = new Set<string>();
  /** Updates whose handlers began and waited. */
  readonly slow = new Set<string>();
  /** Those that wait, by the message that brought them. */
  readonly #waiting = new Map<string, string>();
  #names = new Map<string, string>();
  #ofRun: string[] = [];

  apply(entry: StepEntry, taken: Taken | undefined): void {
    const name = taken?.id === undefined ? undefined : nameOf(taken.message);
    if (name !== undefined) this.#names.set(taken!.id!, name);
    if (name !== undefined && taken!.message.kind === 'update' && !this.answers.has(name)) this.unanswered.add(name);
    for (const event of entry.events ?? []) this.#take(event);
    if (entry.scheduled) this.#begin(entry.scheduled);
    if (entry.outcome) this.#answer(entry.outcome);
    for (const outcome of entry.outcomes ?? []) this.#answer(outcome);
    if (entry.purged) this.purges++;
  }

  get token(): string | undefined {
    return this.runs.at(-1);
  }

  #take(event: HistoryEvent): void {
    const { type } = event;
    if (type === 'ExecutionStarted') {
      if (event.rewound) this.#rewind();
      else if (event.run === undefined && event.startAt === undefined) this.#begin(event);
    } else if (type === 'UpdateRequested') this.#update(event);
    else if (type === 'UpdateAnswered') {
      const name = this.#waiting.get(event.updateId);
      if (name !== undefined && !event.failure) this.updates.push(name);
      this.#waiting.delete(event.updateId);
    } else if (type === 'OrchestrationStartSent') this.started.add(event.instanceId);
    else if (type === 'EntityOperationCalled' || type === 'EntityOperationSignaled') {
      if (LIFE_LEDGERS.includes(event.entity.key)) this.#ask(event.entity.key, textOf(event.input));
    } else if (type === 'ExecutionCompleted') this.#end('Completed', event.output);
    else if (type === 'ExecutionFailed') this.#end('Failed', undefined);
    else if (type === 'ExecutionTerminated') this.#end('Terminated', event.output);
    else if (type === 'ExecutionCanceled') this.#end('Canceled', undefined);
  }

  #update({ input, failure, waits, updateId }: Extract<HistoryEvent, { type: 'UpdateRequested' }>): void {
    const name = textOf(input);
    if (waits) this.slow.add(name);
    if (waits && updateId !== undefined) this.#waiting.set(updateId, name);
    else if (!failure) this.updates.push(name);
  }

  #rewind(): void {
    this.updates = [];
    this.rewoundAt = this.ends.length;
  }

  #begin({ input }: Extract<HistoryEvent, { type: 'ExecutionStarted' }>): void {
    this.runs.push(tokenOf(input));
    this.updates = [];
    this.#ofRun = [];
  }

  #ask(key: string, id: string): void {
    if (!this.asked.has(id)) this.#ofRun.push(id); // a rewound execution asks for the same in its history
    this.asked.set(id, key);
  }

  #end(status: string, output: Json | undefined): void {
    this.ends.push({ token: this.token, status, output, asked: this.#ofRun });
  }

  #answer({ id, result, failure }: Outcome): void {
    const name = this.#names.get(id);
    if (name === undefined) return;
    if (this.answers.has(name) && !this.unanswered.has(name)) this.answeredAgain.add(name);
    const text = failure ? (failure.code ?? failure.name) : typeof result === 'number' ? String(result) : 'ok';
    this.answers.set(name, text);
    this.unanswered.delete(name);
  }
}

/** Clients give the reason of a control message, the token of a start and the input of an update as names. */
function nameOf(message: Message): string | undefined {
  if (message.kind === 'control') return message.reason;
  if (message.kind === 'start') return tokenOf(message.input);
  return message.kind === 'update' ? textOf(message.input) : undefined;
}

/** An input that is a text. */
function textOf(input: Json | undefined): string {
  return typeof input === 'string' ? input : '';
}
