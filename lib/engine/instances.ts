import type { PayloadTooLargeError } from '../errors.js';
import type { Address } from '../wire/messages.js';
import type { Activation, InputBody, StepOutput } from './activation.js';
import { asError } from './as-error.js';
import type { Committer } from './committer.js';
import { Backlog } from './backlog.js';
import { Fifo } from './fifo.js';
import type { Group, PreparedStep } from './group.js';
import type { Inbox } from './inbox.js';
import { isHint, type Input, type Instance } from './instance.js';
import type { InstancesListener } from './instances-listener.js';
import { isBeside, JournalSteps } from './journal-steps.js';
import type { LargeValues } from './large-values.js';
import { Loads } from './loads.js';
import { MailGate, type MailLoad } from './mail-gate.js';
import type { MailLimits } from './mail-limits.js';
import type { PartitionPorts } from './ports.js';
import type { RunOptions } from './run-options.js';
import { Recalls } from './recalls.js';
import { Residents } from './residents.js';
import { refusalOfSize } from './step-size.js';
import { StepRunner } from './step-runner.js';
import { spentBy } from './spent-values.js';
import { largeIn, StepValues } from './step-values.js';
import { concernsWhole, type Run } from './waiting.js';

/**
 * The mailboxes of a partition and the loop that runs their steps.
 *
 * C6. Steps of one instance are serial and see all earlier effects of that instance; inputs keep their order.
 * C9. A step may take the message of an uncommitted step of this partition: both are in the same chain of records.
 * P17. A step that may do IO takes such a message only when its record is acknowledged.
 */
export class Instances implements MailLoad {
  readonly #ports: PartitionPorts;
  readonly #committer: Committer;
  readonly #inbox: Inbox;
  readonly #values: LargeValues;
  readonly #runner: StepRunner;
  readonly #limits: MailLimits;
  readonly #listener: InstancesListener;
  readonly #residents: Residents;
  readonly #runnable = new Fifo<Instance>();
  /** Instances whose next input waits for its record. */
  readonly #unacknowledged: Instance[] = [];
  readonly backlog = new Backlog();
  /** Decides whether more mail may be taken. */
  readonly gate: MailGate;
  readonly #loads: Loads;
  readonly journals: JournalSteps;
  readonly #recalls: Recalls;
  #isStopped = false;
  /** Whether what a former owner had taken is still to come back into its places: nothing runs before. */
  isHeld = true;

  constructor(
    ports: PartitionPorts,
    committer: Committer,
    inbox: Inbox,
    values: LargeValues,
    { mail, activations, loops, code }: Pick<RunOptions, 'mail' | 'activations' | 'loops' | 'code'>,
    listener: InstancesListener,
  ) {
    this.#ports = ports;
    this.#committer = committer;
    this.#inbox = inbox;
    this.#values = values;
    this.#runner = new StepRunner(ports.clock, values, code);
    this.#limits = mail;
    this.#residents = new Residents(activations, listener.limitOf);
    this.gate = new MailGate(mail, activations, this);
    this.#listener = listener;
    this.#loads = new Loads(loops, {
      load: (instance) => listener.load(instance),
      loaded: (instance) => this.#loaded(instance),
      failed: (instance, error) => listener.unloadable(instance, error),
    });
    this.#recalls = new Recalls(loops, {
      recall: (instance, run) => listener.recall(instance, run),
      unloadable: (instance, error) => listener.unloadable(instance, error),
      recalled: (instance, run, inputs) => {
        this.backlog.bring(instance, run, inputs);
        this.#enqueue(instance);
        this.pump();
      },
    });
    this.journals = new JournalSteps(this.#loads, this.#runner, {
      record: (instance, input, output) => this.#record(instance, input, output),
      pump: () => this.pump(),
      failed: (error) => this.#fail(error),
    });
  }

  get dropped(): number {
    return this.#committer.group.dropped.length;
  }

  get ready(): number {
    return this.backlog.ready;
  }

  get unwritten(): number {
    return this.#listener.unwritten();
  }

  /** How many history events were replayed, by instances that are loaded and by those that were unloaded since. */
  get replayedEvents(): number {
    return this.#residents.replayedEvents;
  }

  /** How many are in memory. */
  get size(): number {
    return this.#residents.size;
  }

  /** Whether nothing waits, runs or loads. */
  get isQuiet(): boolean {
    if (this.isHeld) return true;
    if (this.backlog.ready > 0 || this.#runnable.length > 0 || this.#loads.size > 0) return false;
    for (const instance of this.#residents.awake) if (!instance.isQuiet(this.#listener)) return false;
    return this.journals.isQuiet;
  }

  instance(address: Address): Instance {
    return this.#residents.wake(address);
  }

  /** The instance of an address, if it is in memory. */
  find(address: Address): Instance | undefined {
    return this.#residents.find(address);
  }

  /** Puts an input into a mailbox; `pump` runs it. */
  deliver(address: Address, input: Input): void {
    const instance = this.instance(address);
    if (isBeside(address, input.body)) return this.journals.take(instance, input);
    const { waiting } = instance;
    if (waiting.length >= instance.mailboxLimit && !this.isHeld && this.#listener.refuses(instance, input)) return;
    this.backlog.push(instance, input);
    if (instance.isOccupied && waiting.bytes > this.#limits.crowd) this.#listener.crowded(instance);
    if (instance.waitsFor && concernsWhole(input.body)) this.#listener.asked(instance);
    if (instance.isBusy || instance.activation?.lockHeld) this.#listener.waits(instance, input);
    this.#enqueue(instance);
  }

  /** Parked messages that a former owner left wait before all others. */
  restore(address: Address, run: Run): void {
    const instance = this.instance(address);
    instance.waiting.putRun(run);
    this.#enqueue(instance);
  }

  /** Inputs of an instance were parked; of those in memory so many bytes are kept. */
  parked(instance: Instance, inputs: ReadonlyMap<Input, Input>, keep: number): void {
    instance.renamed(inputs);
    this.backlog.settle(instance, inputs, keep);
  }

  /** The instances with inputs that they cannot take, or cannot be done with, before something else has happened. */
  *occupied(): Iterable<Instance> {
    for (const instance of this.#residents.awake) {
      if ((instance.waiting.length === 0 && !instance.isBusy) || instance.isQueued) continue;
      if (this.#loads.has(instance) || this.#recalls.has(instance)) continue;
      this.backlog.occupy(instance);
      yield instance;
    }
  }

  /** The instances that have not gone through all that came for them, and the entities that are locked. */
  *waiting(): Iterable<Instance> {
    for (const instance of this.#residents.awake) if (instance.isWaiting) yield instance;
  }

  /** About how many bytes of inputs are in memory. */
  get bytes(): number {
    return this.backlog.bytes;
  }

  /** The activation of an instance, loaded when it is not. Rejects when it cannot be loaded: the owner has failed then. */
  async loaded(address: Address): Promise<Activation> {
    const instance = this.instance(address);
    return instance.activation ?? this.#loads.whenLoaded(instance);
  }

  /** Looks when no step of an instance is under way, and all its steps are in groups: now, or before its next step. */
  look<T>(instance: Instance, look: () => T): Promise<T> {
    return new Promise((resolve) => {
      const settle = (): void => resolve(new Promise((end) => end(look()))); // what it throws is its caller's
      if (instance.isBusy || instance.finished) (instance.looks ??= []).push(settle);
      else settle();
    });
  }

  /** Runs what can run, until the open group is full; then seals it if it can be sealed. */
  pump(): void {
    if (this.#isStopped || this.isHeld) return;
    try {
      this.#runAll();
      this.#committer.seal();
      this.gate.look();
    } catch (error) {
      this.#fail(error); // what user code throws is data by now: this is a fault of the engine or of what is stored
    }
  }

  #runAll(): void {
    while (!this.#committer.group.isFull) {
      const instance = this.#runnable.shift();
      if (!instance) break;
      instance.isQueued = false;
      // What it ended with may have enqueued it, and the next step begun since: nothing runs beside that (C6).
      if (!instance.isBusy) this.#run(instance);
    }
  }

  /** Something that kept an instance from its next input is over. False: it has none. */
  wake(address: Address): boolean {
    const instance = this.#residents.find(address);
    if (!instance || instance.waiting.length === 0) return false;
    this.#enqueue(instance);
    this.pump();
    return true;
  }

  /** A record was acknowledged: what waited for it may run. */
  acknowledged(): void {
    for (const instance of this.#unacknowledged.splice(0)) this.#enqueue(instance);
    this.journals.acknowledged();
  }

  /** From here on steps run. */
  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.journals.release();
    this.pump();
  }

  /** Whether more mail may be taken: not while too much waits, unless it is what a former owner left. */
  get hasRoom(): boolean {
    return this.isHeld || this.gate.isOpen;
  }

  /** Instances that have become idle come to rest: from then on they may be unloaded. */
  rest(): void {
    this.#residents.rest(this.#ports.clock.now());
  }

  /** The head of an instance was stored. */
  stored(instance: Instance): void {
    this.#residents.stored(instance);
    this.gate.look();
  }

  stop(): void {
    this.#isStopped = true;
    this.journals.stop();
    this.gate.close();
    this.#residents.clear();
  }

  #enqueue(instance: Instance): void {
    if (instance.isQueued || instance.isBusy) return;
    this.backlog.free(instance);
    instance.isQueued = true;
    this.#runnable.push(instance);
  }

  #run(instance: Instance): void {
    const { finished, activation } = instance;
    if (finished) {
      instance.finished = undefined;
      this.#commit(instance, finished.input, finished.output);
      if (instance.isBusy) return;
    }
    if (instance.looks) instance.letLook(instance.looks);
    const isBehind = this.journals.isBehindParked(instance);
    if (instance.isShut) return this.#occupy(instance);
    const input = instance.waiting.peek();
    if (!input || isBehind) return this.#recall(instance);
    if (!activation) return this.#load(instance);
    const code = activation.foreignCode(input.body, this.#ports.clock.now());
    const from = input.from ?? (input.body.kind === 'due' ? instance.touchedBy : undefined); // which may have set its time
    if (from && !from.isAcknowledged && (code || activation.mustWait(input.body))) {
      this.#unacknowledged.push(instance);
      return;
    }
    if (!this.#listener.admits(instance, input)) return this.backlog.occupy(instance);
    this.backlog.shift(instance);
    if (this.#listener.discards(instance, input)) {
      this.journals.discarded(instance, input);
      if (instance.waiting.length > 0) this.#enqueue(instance);
      return;
    }
    const isHeldBack = code && this.#listener.mustHoldBack(instance, code, input.body);
    if (isHeldBack && isHint(input)) return this.deliver(instance.address, input); // it waits behind what needs no code
    instance.running = input;
    const output =
      code && !isHeldBack
        ? this.#listener.delegate(instance, code, input.body)
        : this.#runner.run(instance, activation, input.body);
    if (output instanceof Promise) this.#await(instance, input, output);
    else {
      instance.running = undefined;
      this.#commit(instance, input, output);
      if (instance.waiting.length > 0) this.#enqueue(instance);
    }
  }

  /** What comes next is parked, and has to be read. */
  #recall(instance: Instance): void {
    if (!instance.waiting.missing || this.#recalls.has(instance)) return;
    if (this.#listener.holds(instance.address)) return this.backlog.occupy(instance); // it may be damaged
    this.#recalls.want(instance);
  }

  #occupy(instance: Instance): void {
    this.backlog.occupy(instance);
    if (instance.waiting.length > 0) this.#listener.stands(instance);
  }

  #await(instance: Instance, input: Input, output: Promise<StepOutput | undefined>): void {
    instance.isBusy = true;
    instance.running = input;
    this.#occupy(instance);
    output
      .then((settled) => {
        const taken = instance.running ?? input;
        instance.isBusy = false;
        if (settled) instance.finished = { input: taken, output: settled };
        else this.backlog.unshift(instance, taken);
        instance.running = undefined;
        this.#enqueue(instance);
        this.pump();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #commit(instance: Instance, input: Input, output: StepOutput): void {
    // What the owner told the instance and changes nothing needs no record: it is not in any stream.
    if (isHint(input) && output.entry.refused !== undefined) return input.told?.(output.answer);
    const { group } = this.#committer;
    const activation = instance.activation!;
    let fitting = output.isStored ? output : this.#listener.place(output);
    let step = group.prepare(instance, input, fitting);
    const large = largeIn(this.#values, instance.address, fitting, step.bytes);
    if (large instanceof StepValues) return this.#await(instance, input, large.store());
    const refusal = large ?? refusalOfSize(step, this.#ports.maxBodyBytes);
    if (refusal) {
      fitting = activation.replace(input.body, refusal);
      step = group.prepare(instance, input, fitting);
    }
    this.#add(instance, input, fitting, step);
    this.#listener.took(instance);
    instance.copy?.took(refusal ? fitting : output, fitting.entry);
    if (fitting.goesOn) this.deliver(instance.address, { body: { kind: 'resume' }, bytes: 0 });
  }

  /** A step beside the one that runs, unless its values are too large. */
  #record(instance: Instance, input: Input, output: StepOutput): Group | StepValues | PayloadTooLargeError {
    const { group } = this.#committer;
    const step = group.prepare(instance, input, output);
    const large = largeIn(this.#values, instance.address, output, step.bytes);
    if (instance.running?.mail) group.accept(instance.running.mail[0]); // a new owner has it before anything may run
    return large ?? this.#add(instance, input, output, step);
  }

  #add(instance: Instance, input: Input, output: StepOutput, step: PreparedStep): Group {
    const { group } = this.#committer;
    const locals = group.add(instance, input, output, step);
    instance.activation!.apply(step.entry);
    if (step.entry.lock?.type === 'ended' && instance.waiting.length > 0) this.#enqueue(instance);
    group.spent.push(...spentBy(instance.activation!, instance.address, input.body));
    if (input.mail) this.#inbox.consumed(input.mail);
    const at = locals.length > 0 ? this.#ports.clock.now() : 0;
    for (const { message, local } of locals)
      this.deliver(message[0], { body: message[1] as InputBody, local, at, from: group, bytes: step.localBytes });
    return group;
  }

  #load(instance: Instance): void {
    if (this.#loads.has(instance)) return;
    if (this.#listener.holds(instance.address)) return this.backlog.occupy(instance); // it may be damaged
    instance.activation = this.#listener.fresh(instance);
    if (instance.activation) this.#run(instance);
    else this.#loads.want(instance);
  }

  #loaded(instance: Instance): void {
    this.journals.go(instance);
    if (instance.waiting.length > 0) this.#enqueue(instance);
    this.pump();
  }

  #fail(error: unknown): void {
    if (!this.#isStopped) this.#listener.failed(asError(error));
  }
}
