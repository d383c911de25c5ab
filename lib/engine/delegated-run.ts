import type { InputBody, StepOutput } from './activation.js';
import type { Instance } from './instance.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { Parts, partsOf } from './parts.js';
import type { HubPorts } from './ports.js';
import { RemoteCopy } from './remote-copy.js';
import { decodeStepAnswer, encodeRequest, type StepAnswer, type StepRequest } from './step-codec.js';

/** A worker that gives no sign for so many milliseconds is asked no more: it tells three times as often that it runs. */
export const SILENCE = 5_000;

/** One step of one instance, asked of one worker. */
export class DelegatedRun {
  readonly #hub: HubPorts;
  readonly #to: { readonly owner: string; readonly partition: number; readonly worker: string };
  #end = (_answer: StepAnswer | undefined): void => {};
  #isClosed = false;

  constructor(hub: HubPorts, to: { readonly owner: string; readonly partition: number; readonly worker: string }) {
    this.#hub = hub;
    this.#to = to;
  }

  /** What the step brings; or the worker does not run it, or says nothing any more. Never settles once closed. */
  async step(instance: Instance, input: InputBody, now: number): Promise<StepOutput | 'refused' | 'silence'> {
    const { copy } = instance;
    const isKnown = copy?.isCurrent === true && copy.worker === this.#to.worker;
    const request = this.#request(instance, input, now);
    const base = isKnown && { base: copy.step, ...(copy.entry && { entry: { to: instance.address, ...copy.entry } }) };
    let answer = await this.#ask({ ...request, ...(base || headOf(instance)) });
    if (answer?.kind === 'unknown') answer = await this.#ask({ ...request, ...headOf(instance) });
    if (answer?.kind === 'done') {
      const output = this.#told(instance, answer.output);
      instance.copy = new RemoteCopy(this.#to.worker, request.id, output);
      instance.activation!.ranElsewhere(now);
      return output;
    }
    if (answer?.kind === 'failed')
      this.#hub.logger.error(`A step failed in the worker that has its code: ${answer.failure.message}`, {
        instance: instance.address,
        worker: this.#to.worker,
      });
    return answer ? 'refused' : 'silence';
  }

  close(): void {
    this.#isClosed = true;
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
  #ask(request: StepRequest): Promise<StepAnswer | undefined> {
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
        isHeard();
        const body = parts.take(message);
        const decoded = body && decodeStepAnswer(body);
        if (decoded && 'refused' in decoded) this.#unreadable(request, decoded.refused);
        else if (decoded && decoded.value.kind !== 'running') this.#end(decoded.value);
      });
      isHeard();
      for (const part of partsOf(request.id, encodeRequest(request), maxBodyBytes))
        bus.publish(subjects.steps(this.#to.worker), part, inbox);
    });
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
  return head ? { head } : {};
}
