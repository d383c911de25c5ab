import { toFailureDetails } from '../core/failure.js';
import { partitionSubjects } from '../wire/subjects.js';
import type { Activation, QueryInput, StepOutput } from './activation.js';
import { SILENCE } from './delegated-run.js';
import type { FetchedValues } from './fetched-values.js';
import type { Host } from './host.js';
import { activationOf, wholeActivation, type Makings } from './loading.js';
import type { Loops } from './loops.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { askWhole } from './orchestration-queries.js';
import type { Beside } from './operation-calls.js';
import { Parts, partsOf } from './parts.js';
import type { HubPorts, Subscription } from './ports.js';
import { RelayedCalls } from './relayed-calls.js';
import { ServedCopies, type ServedCopy } from './served-copies.js';
import { LargeValues } from './large-values.js';
import { Segments } from './segments.js';
import { largeIn, StepValues } from './step-values.js';
import type { UserCode } from './user-code.js';
import { decodeRequest, encodeStepAnswer, type StepAnswer, type StepRequest } from './step-codec.js';

/** A word that a step still runs, each so many milliseconds. */
const SIGN = SILENCE / 3;

/** A step that runs here for its owner. */
interface RunningStep {
  done: Promise<void>;
  readonly refuse: () => void;
  calls: RelayedCalls | undefined;
  /** The owner is told of the step's calls. */
  readonly sign: () => void;
}

/**
 * Runs steps for the owners of instances whose code is registered here and not there. Nothing of it is this worker's: what
 * a step brings goes back to the owner, which commits it or does not.
 */
export class StepServer {
  readonly #hub: HubPorts;
  readonly #host: Host;
  readonly #values: LargeValues;
  readonly #code: UserCode;
  readonly #copies = new ServedCopies();
  readonly #parts = new Parts();
  readonly #running = new Map<string, RunningStep>();
  readonly #subscription: Subscription;
  #isStopping = false;

  /** Takes steps from here on, under the id of the worker. */
  constructor(
    hub: HubPorts,
    host: Host,
    worker: string,
    { loops, code }: { readonly loops: Loops; readonly code: UserCode },
  ) {
    this.#code = code;
    this.#hub = hub;
    this.#host = host;
    this.#values = new LargeValues(hub, loops);
    this.#subscription = hub.bus.subscribe(hub.subjects.steps(worker), (message, reply) => {
      const body = this.#parts.take(message);
      if (body) this.#take(body, reply);
    });
  }

  /** Takes no more steps; resolves when those have ended that run, or after a time. */
  async drain(milliseconds: number): Promise<void> {
    this.#isStopping = true;
    let isLate = false;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#hub.clock.after(milliseconds, () => {
        isLate = true;
        resolve();
      });
    });
    while (this.#running.size > 0 && !isLate)
      await Promise.race([late, Promise.all([...this.#running.values()].map(({ done }) => done))]);
    cancel();
  }

  close(): void {
    this.#isStopping = true;
    this.#values.stop();
    this.#subscription.close();
    for (const { refuse } of this.#running.values()) refuse(); // it did not die of them
  }

  #take(body: Uint8Array, reply: string | undefined): void {
    const decoded = decodeRequest(body);
    if ('refused' in decoded) {
      this.#hub.logger.warn(`A step that another worker asks for cannot be read: ${decoded.refused}`, {
        instance: this.#hub.name,
      });
      return;
    }
    const request = decoded.value;
    if ('answersTo' in request) {
      const { number, ...answer } = request.answer;
      return this.#running.get(request.answersTo)?.calls?.answered(number, answer);
    }
    if (reply === undefined) return;
    const say = (answer: StepAnswer): void => {
      for (const part of partsOf(request.id, encodeStepAnswer(answer, request.address), this.#hub.maxBodyBytes))
        this.#hub.bus.publish(reply, part);
    };
    if (this.#isStopping) return say({ v: 1, kind: 'refused' });
    const step: RunningStep = {
      done: Promise.resolve(),
      refuse: () => say({ v: 1, kind: 'refused' }),
      calls: undefined,
      sign: () => say({ v: 1, kind: 'running', open: step.calls?.open ?? [], calls: step.calls?.calls ?? [] }),
    };
    this.#running.set(request.id, step);
    step.done = this.#serve(request, body.length, step, say).finally(() => this.#running.delete(request.id));
  }

  async #serve(
    request: StepRequest,
    bytes: number,
    step: RunningStep,
    say: (answer: StepAnswer) => void,
  ): Promise<void> {
    let cancel = (): void => {};
    const sign = (): void => {
      cancel = this.#hub.clock.after(SIGN, () => {
        step.sign();
        sign();
      });
    };
    sign();
    let answer: StepAnswer;
    try {
      answer = await this.#answer(request, bytes, step);
    } catch (error) {
      this.#hub.logger.error(`A step for another worker failed: ${String(error)}`, { instance: request.address });
      answer = { v: 1, kind: 'failed', failure: toFailureDetails(error) };
    }
    cancel();
    say(answer);
  }

  async #answer(request: StepRequest, bytes: number, step: RunningStep): Promise<StepAnswer> {
    if (request.input.kind === 'query') return this.#queried(request, request.input);
    const copy = await this.#copy(request);
    if (!copy) return { v: 1, kind: 'unknown' };
    const { activation, calls } = copy;
    const { input, now, watcher } = request;
    step.calls = calls;
    calls.begin(activation, input, step.sign);
    if (activation.foreignCode(input, now)) return { v: 1, kind: 'refused' };
    if (watcher !== undefined && activation instanceof OrchestrationActivation) activation.watch(watcher);
    await activation.prepare?.(input);
    const missing = activation.missing(input);
    const fetched = await this.#values.find(missing, request.address);
    const output = await this.#stored(request, activation, await this.#step(request, activation, fetched));
    const taken = missing.reduce((sum, reference) => sum + reference.bytes, bytes);
    this.#copies.keep(request, { activation, calls, step: request.id, output, bytes: copy.bytes + taken });
    return { v: 1, kind: 'done', output };
  }

  #step({ address, input, now }: StepRequest, activation: Activation, fetched: FetchedValues) {
    const [named, began] = [{ address, code: 'A step' }, this.#hub.clock.now()];
    const output = activation.step(input, now, fetched);
    this.#code.ran(named, began);
    if (output instanceof Promise) this.#code.follow(named, output);
    return output;
  }

  /** Of the instance as its owner has sent it: nothing of it is kept. */
  async #queried(request: StepRequest, query: QueryInput): Promise<StepAnswer> {
    const { address, head, now } = request;
    const { clock } = this.#hub;
    const activation = await wholeActivation(address, head, this.#makings(request, new RelayedCalls()));
    if (activation.foreignCode(query, now)) return { v: 1, kind: 'refused' };
    const answer = await askWhole(activation, query, this.#values, address, clock, this.#code);
    return { v: 1, kind: 'done', output: { entry: {}, messages: [], answer } };
  }

  /** Large values are put here, for the instances that will hold them: the answer names them by reference (P15). */
  async #stored({ address, input }: StepRequest, activation: Activation, output: StepOutput): Promise<StepOutput> {
    const large = largeIn(this.#values, address, output, Infinity);
    if (large instanceof StepValues) return large.store();
    return large ? activation.replace(input, large) : output;
  }

  /** The instance as its owner has it, ready for a step; undefined: all of it has to be sent. */
  async #copy(request: StepRequest): Promise<ServedCopy | undefined> {
    const known = this.#copies.take(request);
    if (request.base === undefined) {
      const calls = new RelayedCalls();
      const activation = await this.#activation(request, calls);
      return { activation, calls, step: request.id, output: undefined, bytes: 0 };
    }
    if (!known) return undefined;
    const { entry } = known.output as StepOutput;
    known.activation.apply(request.entry ?? { to: request.address, ...entry });
    return known;
  }

  #activation(request: StepRequest, calls: RelayedCalls): Promise<Activation> {
    return activationOf(request.address, request.head, [], this.#makings(request, calls));
  }

  #makings({ partition }: StepRequest, calls: RelayedCalls): Makings {
    const { name, clock } = this.#hub;
    const views = this.#hub.viewsOf(partition);
    const segments = new Segments({ views, clock, subjects: partitionSubjects(name, partition) }, 0);
    const beside: Beside = (_, output) => calls.called(output);
    return { host: this.#host, ports: this.#hub, segments, beside };
  }
}
