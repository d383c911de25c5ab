import type { Address } from '../wire/messages.js';
import type { Activation, InputBody, StepOutput } from './activation.js';
import type { Committer } from './committer.js';
import { Fifo } from './fifo.js';
import type { Inbox } from './inbox.js';
import { Instance, type Input } from './instance.js';
import type { PartitionPorts } from './ports.js';
import { refusalOfSize } from './step-size.js';

/** Inputs that may wait in memory before mail is no longer taken, and below which it is taken again. */
const MANY = 4_000;
const FEW = 2_000;

/** So many dropped messages fill a record. */
const MANY_DROPPED = 500;

/** Loads an instance from its head and the log. */
export type Loader = (instance: Instance) => Promise<Activation>;

/**
 * The mailboxes of a partition and the loop that runs their steps.
 *
 * C6. Steps of one instance are serial and see all earlier effects of that instance; inputs keep their order.
 * C9. A step may take the message of an uncommitted step of this partition: both are in the same chain of records.
 * P17. A step that may do IO takes such a message only when its record is acknowledged.
 */
export class Instances {
  readonly #ports: PartitionPorts;
  readonly #committer: Committer;
  readonly #inbox: Inbox;
  readonly #load: Loader;
  readonly #failed: (error: Error) => void;
  readonly #place: (output: StepOutput) => StepOutput;
  readonly #instances = new Map<Address, Instance>();
  readonly #runnable = new Fifo<Instance>();
  /** Instances whose next input waits for its record. */
  #parked: Instance[] = [];
  #waitingInputs = 0;
  #whenFewer: (() => void)[] = [];
  readonly #loading = new Map<Instance, Promise<Activation>>();
  #isStopped = false;
  /** Nothing runs before what a former owner left is in its place. */
  #isHeld = true;

  /** `place` chooses where the activities of a step are done. */
  constructor(
    ports: PartitionPorts,
    committer: Committer,
    inbox: Inbox,
    load: Loader,
    failed: (error: Error) => void,
    place: (output: StepOutput) => StepOutput,
  ) {
    this.#ports = ports;
    this.#committer = committer;
    this.#inbox = inbox;
    this.#load = load;
    this.#failed = failed;
    this.#place = place;
  }

  get size(): number {
    return this.#instances.size;
  }

  all(): Iterable<Instance> {
    return this.#instances.values();
  }

  /** Whether nothing waits, runs or loads. */
  get isQuiet(): boolean {
    if (this.#isHeld) return true;
    if (this.#waitingInputs > 0 || this.#runnable.length > 0 || this.#loading.size > 0) return false;
    for (const { isBusy, finished } of this.#instances.values()) if (isBusy || finished) return false;
    return true;
  }

  instance(address: Address): Instance {
    let instance = this.#instances.get(address);
    if (!instance) this.#instances.set(address, (instance = new Instance(address)));
    return instance;
  }

  /** Puts an input into a mailbox; `pump` runs it. */
  deliver(address: Address, input: Input): void {
    const instance = this.instance(address);
    instance.queue.push(input);
    this.#waitingInputs++;
    this.#enqueue(instance);
  }

  /** The activation of an instance, loaded when it is not. Rejects when it cannot be loaded: the owner has failed then. */
  async loaded(address: Address): Promise<Activation> {
    const instance = this.instance(address);
    return instance.activation ?? this.#startLoading(instance);
  }

  /** Runs what can run, until the open group is full; then seals it if it can be sealed. */
  pump(): void {
    if (this.#isStopped || this.#isHeld) return;
    try {
      this.#runAll();
      this.#committer.seal();
      this.#wakeSenders();
    } catch (error) {
      this.#fail(error); // what user code throws is data by now: this is a fault of the engine or of what is stored
    }
  }

  #runAll(): void {
    while (!this.#committer.group.isFull) {
      const instance = this.#runnable.shift();
      if (!instance) break;
      instance.isQueued = false;
      this.#run(instance);
    }
  }

  /** A record was acknowledged: what waited for it may run. */
  acknowledged(): void {
    const parked = this.#parked;
    this.#parked = [];
    for (const instance of parked) this.#enqueue(instance);
  }

  /** From here on steps run. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.pump();
  }

  /** Whether more mail may be taken: not while too much waits, unless it is what a former owner left. */
  get hasRoom(): boolean {
    return this.#isHeld || (this.#waitingInputs < MANY && this.#committer.group.dropped.length < MANY_DROPPED);
  }

  /** Resolves when more mail may be taken. */
  whenRoom(): Promise<void> {
    if (this.hasRoom || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => this.#whenFewer.push(resolve));
  }

  /** Drops idle instances, the longest untouched first, until at most so many are left. */
  passivate(limit: number, passivated: (instance: Instance) => void): void {
    for (const [address, instance] of this.#instances) {
      if (this.#instances.size <= limit) return;
      if (!instance.isIdle) continue;
      this.#instances.delete(address);
      passivated(instance);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const resolve of this.#whenFewer) resolve();
  }

  #enqueue(instance: Instance): void {
    if (instance.isQueued || instance.isBusy) return;
    instance.isQueued = true;
    this.#runnable.push(instance);
  }

  #run(instance: Instance): void {
    const { finished, activation } = instance;
    if (finished) {
      instance.finished = undefined;
      this.#commit(instance, finished.input, finished.output);
    }
    const input = instance.queue.peek();
    if (!input) return;
    if (!activation) return void this.#startLoading(instance);
    if (input.from && !input.from.isAcknowledged && activation.mustWait(input.body)) {
      this.#parked.push(instance);
      return;
    }
    instance.queue.shift();
    this.#waitingInputs--;
    this.#touch(instance);
    const output = activation.step(input.body, this.#ports.clock.now());
    if (output instanceof Promise) this.#await(instance, input, output);
    else {
      this.#commit(instance, input, output);
      if (instance.queue.length > 0) this.#enqueue(instance);
    }
  }

  /** The most recently used stand last. */
  #touch(instance: Instance): void {
    if (this.#instances.size < 2) return;
    this.#instances.delete(instance.address);
    this.#instances.set(instance.address, instance);
  }

  #await(instance: Instance, input: Input, output: Promise<StepOutput>): void {
    instance.isBusy = true;
    output
      .then((settled) => {
        instance.isBusy = false;
        instance.finished = { input, output: settled };
        this.#enqueue(instance);
        this.pump();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #commit(instance: Instance, input: Input, output: StepOutput): void {
    // What the owner told the instance and changes nothing needs no record: it is not in any stream.
    if (!input.mail && !input.local && output.entry.refused !== undefined) return;
    const { group } = this.#committer;
    const activation = instance.activation!;
    let fitting = this.#place(output);
    let step = group.prepare(instance, input, fitting);
    const refusal = refusalOfSize(step, this.#ports.maxBodyBytes);
    if (refusal) {
      fitting = activation.replace(input.body, refusal);
      step = group.prepare(instance, input, fitting);
    }
    const locals = group.add(instance, input, fitting, step);
    activation.apply(step.entry);
    if (input.mail) this.#inbox.consumed(input.mail);
    for (const { message, local } of locals) {
      const [to, body] = message;
      this.deliver(to, { body: body as InputBody, local, from: group });
    }
    if (fitting.goesOn) this.deliver(instance.address, { body: { kind: 'resume' } });
  }

  #startLoading(instance: Instance): Promise<Activation> {
    const under = this.#loading.get(instance);
    if (under) return under;
    const loading = this.#load(instance).then((activation) => {
      instance.activation = activation;
      this.#loading.delete(instance);
      if (instance.queue.length > 0) this.#enqueue(instance);
      return activation;
    });
    this.#loading.set(instance, loading);
    loading.then(() => this.pump()).catch((error: unknown) => this.#fail(error));
    return loading;
  }

  #wakeSenders(): void {
    if (this.#whenFewer.length === 0 || this.#waitingInputs > FEW) return;
    if (this.#committer.group.dropped.length >= MANY_DROPPED) return;
    const waiting = this.#whenFewer;
    this.#whenFewer = [];
    for (const resolve of waiting) resolve();
  }

  #fail(error: unknown): void {
    if (!this.#isStopped) this.#failed(error instanceof Error ? error : new Error(String(error)));
  }
}
