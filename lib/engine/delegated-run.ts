import type { InputBody, QueryInput, StepOutput } from './activation.js';
import { toFailureDetails } from '../core/failure.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { JournaledAnswer } from '../wire/journal.js';
import { EntityActivation } from './entity-activation.js';
import type { Instance } from './instance.js';
import type { OperationJournal } from './operation-journal.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { Parts, partsOf } from './parts.js';
import type { HubPorts } from './ports.js';
import { RemoteCopy } from './remote-copy.js';
import {
  decodeStepAnswer,
  encodeRelayedAnswer,
  encodeRequest,
  type StepAnswer,
  type StepRequest,
} from './step-codec.js';

/** A worker that gives no sign for so many milliseconds is asked no more: it tells three times as often that it runs. */
export const SILENCE = 5_000;

/** Whom a step that runs elsewhere tells. */
interface DelegatedRunListener {
  /** Commits a call of the operation that runs there (P18). */
  called(output: StepOutput, isWanted: () => boolean): void | Promise<void>;
  /** The worker has given a sign. */
  heard(): void;
}

type Running = Extract<StepAnswer, { readonly kind: 'running' }>;

/** One step of one instance, asked of one worker. */
export class DelegatedRun {
  readonly #hub: HubPorts;
  readonly #to: { readonly owner: string; readonly partition: number; readonly worker: string };
  readonly #listener: DelegatedRunListener;
  /** The calls of the operation that it waits for, to tell their answers. */
  readonly #awaited = new Set<number>();
  #end = (_answer: StepAnswer | undefined): void => {};
  #isClosed = false;
  /** The last word is here. */
  #isOver = false;

  constructor(
    hub: HubPorts,
    to: { readonly owner: string; readonly partition: number; readonly worker: string },
    listener: DelegatedRunListener,
  ) {
    this.#hub = hub;
    this.#to = to;
    this.#listener = listener;
  }

  /** What the step brings; or the worker does not run it, or says nothing any more. Never settles once closed. */
  async step(instance: Instance, input: InputBody, now: number): Promise<StepOutput | 'refused' | 'silence'> {
    const { copy } = instance;
    const isKnown = copy?.isCurrent === true && copy.worker === this.#to.worker;
    const request = this.#request(instance, input, now);
    const base = isKnown && { base: copy.step, ...(copy.entry && { entry: { to: instance.address, ...copy.entry } }) };
    let answer = await this.#ask(instance, { ...request, ...(base || headOf(instance)) });
    if (answer?.kind === 'unknown') answer = await this.#ask(instance, { ...request, ...headOf(instance) });
    this.#isOver = true;
    if (answer?.kind === 'done') {
      const output = this.#told(instance, answer.output);
      instance.copy = new RemoteCopy(this.#to.worker, request.id, output);
      instance.activation!.ranElsewhere(now);
      return output;
    }
    return this.#unanswered(instance, answer);
  }

  /** What a query comes to, of the instance as it is now: all of it is sent, and the worker keeps nothing. */
  async query(instance: Instance, query: QueryInput, now: number): Promise<HandlerOutcome | 'refused' | 'silence'> {
    const answer = await this.#ask(instance, { ...this.#request(instance, query, now), ...headOf(instance) });
    this.#isOver = true;
    const told = answer?.kind === 'done' ? answer.output.answer : undefined;
    return told ?? this.#unanswered(instance, answer);
  }

  #unanswered({ address }: Instance, answer: StepAnswer | undefined): 'refused' | 'silence' {
    if (answer?.kind === 'failed')
      this.#hub.logger.error(`A step failed in the worker that has its code: ${answer.failure.message}`, {
        instance: address,
        worker: this.#to.worker,
      });
    return answer ? 'refused' : 'silence';
  }

  close(): void {
    this.#isClosed = true;
    this.#isOver = true;
    this.#end(undefined);
  }

  #request({ address, activation }: Instance, input: InputBody, now: number): StepRequest {
    const { owner, partition } = this.#to;
    const id = this.#hub.random.id();
    const watcher = activation instanceof OrchestrationActivation ? { watcher: this.#watcher } : {};
    return { v: 1, id, owner, partition, address, ...watcher, input, now };
  }

  /** In whose name the end of an instance is asked for: who wants to be told may come while the step runs. */
  get #watcher(): string {
    return `${this.#hub.subjects.inboxPrefix}.watchers`;
  }

  #told({ activation }: Instance, output: StepOutput): StepOutput {
    if (!(activation instanceof OrchestrationActivation) || !output.notices) return output;
    const { watchers } = activation;
    const notices = output.notices.flatMap(([inbox, notice]) =>
      inbox === this.#watcher ? [...watchers].map((watcher) => [watcher, notice] as const) : [[inbox, notice] as const],
    );
    return { ...output, notices };
  }

  /** The last word to a request; undefined: silence. */
  #ask(instance: Instance, request: StepRequest): Promise<StepAnswer | undefined> {
    const { bus, clock, subjects, random, maxBodyBytes } = this.#hub;
    const inbox = `${subjects.inboxPrefix}.${random.id()}`;
    const parts = new Parts();
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const isHeard = (): void => {
        cancel();
        cancel = clock.after(SILENCE, () => this.#end(undefined));
      };
      this.#end = (answer) => {
        cancel();
        subscription.close();
        if (!this.#isClosed) resolve(answer);
      };
      const subscription = bus.subscribe(inbox, (message) => {
        // The server says with an empty message that nobody listens there.
        if (message.length === 0) return this.#end({ v: 1, kind: 'refused' });
        this.#listener.heard();
        isHeard();
        const body = parts.take(message);
        const decoded = body && decodeStepAnswer(body);
        if (decoded && 'refused' in decoded) this.#unreadable(request, decoded.refused);
        else if (decoded?.value.kind === 'running') this.#relay(instance, request, decoded.value);
        else if (decoded) this.#end(decoded.value);
      });
      isHeard();
      for (const part of partsOf(request.id, encodeRequest(request), maxBodyBytes))
        bus.publish(subjects.steps(this.#to.worker), part, inbox);
    });
  }

  /** The operation that runs there waits for answers: its calls are committed here, and the answers told (P18). */
  #relay({ activation }: Instance, { id, input, now }: StepRequest, { open = [], calls = [] }: Running): void {
    if (this.#isOver || !(activation instanceof EntityActivation)) return;
    const message = activation.asOperation(input);
    if (!message) return;
    activation.ranElsewhere(now); // a head that has its journal has its time, too
    const journal = (): OperationJournal | undefined => activation.journals.of(message);
    for (const output of calls) {
      const { number } = output.entry.called ?? { number: 0 };
      if (journal()?.find(number) || this.#awaited.has(number)) continue;
      this.#awaited.add(number);
      Promise.resolve(this.#listener.called(output, () => !this.#isOver))
        .then(() => this.#await(journal(), id, number))
        .catch((error: unknown) => this.#tell(id, { number, failure: toFailureDetails(error) }));
    }
    for (const number of open) {
      if (this.#awaited.has(number) || !journal()?.find(number)) continue;
      this.#awaited.add(number);
      void this.#await(journal(), id, number);
    }
  }

  async #await(journal: OperationJournal | undefined, step: string, number: number): Promise<void> {
    const answer = await journal?.whenAnswered(number);
    if (answer) this.#tell(step, { number, ...answer });
  }

  /** It may be lost: it is told again when it is asked for again. */
  #tell(step: string, answer: JournaledAnswer): void {
    this.#awaited.delete(answer.number);
    if (this.#isClosed) return;
    const { bus, subjects, random, maxBodyBytes } = this.#hub;
    const body = encodeRelayedAnswer({ v: 1, answersTo: step, answer });
    for (const part of partsOf(random.id(), body, maxBodyBytes)) bus.publish(subjects.steps(this.#to.worker), part);
  }

  #unreadable({ address }: StepRequest, reason: string): void {
    this.#hub.logger.error(`The answer of a worker that ran a step cannot be read: ${reason}`, {
      instance: address,
      worker: this.#to.worker,
    });
    this.#end(undefined);
  }
}

/** The whole instance as it is now. */
function headOf({ activation }: Instance): Pick<StepRequest, 'head'> {
  const head = activation!.capture()?.head({ epoch: 0, logSeq: 0, commit: '0' });
  return head && head.type !== 'tombstone' ? { head } : {};
}
