import { encodeAddressed } from '../wire/message-codec.js';
import { partitionOf } from '../wire/addresses.js';
import { utf8Length } from '../wire/text.js';
import { encodeStep } from '../wire/record-codec.js';
import type { Address, Addressed } from '../wire/messages.js';
import type { DroppedInput, StepEntry } from '../wire/record.js';
import type { Parking } from '../wire/parked.js';
import type { PendingActivity, StepOutput } from './activation.js';
import type { ChannelMark } from './channel-marks.js';
import type { Input, Instance } from './instance.js';
import type { Notice } from '../wire/queries.js';
import type { TaskIds } from '../wire/tasks.js';

/** A group is sealed when it has grown to this many bytes or steps. */
const TARGET_BYTES = 256 * 1024;
const TARGET_STEPS = 500;

/** A message that the group's record holds for an instance of the same partition. */
export interface LocalDelivery {
  readonly message: Addressed;
  readonly local: readonly [counter: number, index: number];
}

/** A step encoded, once, before it is known whether it fits. */
export interface PreparedStep {
  readonly entry: StepEntry;
  readonly text: string;
  readonly outputs: readonly (readonly [partition: number, text: string])[];
  readonly bytes: number;
  /** Of each message for an instance of the same partition, about. */
  readonly localBytes: number;
}

/** Steps and their effects, gathered while the commit before is under way; one record in the end. */
export class Group {
  readonly entries: StepEntry[] = [];
  readonly texts: string[] = [];
  readonly outputs = new Map<number, string[]>();
  readonly instances = new Set<Instance>();
  readonly dropped: DroppedInput[] = [];
  readonly quarantined: Address[] = [];
  readonly released: Address[] = [];
  /** The instance that takes a suspect input next. */
  trial: Address | undefined;
  /** The one before has taken it, and goes on. */
  survived = false;
  readonly parked: Parking[] = [];
  readonly activities: (readonly [Instance, PendingActivity])[] = [];
  /** How far channels are received whose messages were handed over. */
  readonly received = new Map<number, ChannelMark>();
  /** Activities that go to their work queues. */
  readonly queued: (readonly [Instance, PendingActivity])[] = [];
  /** Activities of which nobody wants to know any more. */
  readonly unwanted: (readonly [Instance, TaskIds])[] = [];
  /** Requests that the work queues have stored, by execution. */
  readonly dispatched = new Map<string, number[]>();
  /** The keys of values that were consumed with the messages that named them. */
  readonly spent: string[] = [];
  readonly notices: (readonly [inbox: string, notice: Notice])[] = [];
  /** The mail consumed by this group reaches up to here. */
  mailUpTo = 0;
  /** There is something to record although no step follows from it. */
  isNoted = false;
  isAcknowledged = false;
  #bytes = 0;
  #locals = 0;

  constructor(
    readonly counter: number,
    readonly partition: number,
    readonly partitions: number,
  ) {}

  get isEmpty(): boolean {
    const isQuiet = this.dropped.length === 0 && this.parked.length === 0 && !this.isNoted;
    const isSafe =
      this.trial === undefined && !this.survived && this.quarantined.length === 0 && this.released.length === 0;
    return this.entries.length === 0 && isQuiet && isSafe;
  }

  get isFull(): boolean {
    return this.#bytes >= TARGET_BYTES || this.entries.length >= TARGET_STEPS;
  }

  /** A step as the record and the envelopes will hold it. */
  prepare(instance: Instance, input: Input, output: StepOutput): PreparedStep {
    const locals: Addressed[] = [];
    const outputs: (readonly [partition: number, text: string])[] = [];
    for (const message of output.messages) {
      const to = partitionOf(message[0], this.partitions);
      if (to === this.partition) locals.push(message);
      else outputs.push([to, encodeAddressed(message)]);
    }
    const entry: StepEntry = {
      to: instance.address,
      ...(input.mail && { mail: input.mail }),
      ...(input.local && { local: input.local }),
      ...(input.parked && { parked: input.parked }),
      ...output.entry,
      ...(locals.length > 0 && { messages: locals }),
    };
    const text = encodeStep(entry);
    let bytes = utf8Length(text);
    for (const [, sent] of outputs) bytes += utf8Length(sent);
    const localBytes = locals.length > 0 ? Math.ceil(text.length / locals.length) : 0;
    return { entry, text, outputs, bytes, localBytes };
  }

  /** Adds a step that an instance has taken; returns what it sent within the partition. */
  add(instance: Instance, input: Input, output: StepOutput, step: PreparedStep): readonly LocalDelivery[] {
    this.#bytes += step.bytes;
    this.entries.push(step.entry);
    this.texts.push(step.text);
    for (const [partition, text] of step.outputs) this.#send(partition, text);
    if (instance.activation) {
      this.instances.add(instance);
      instance.touchedBy = this;
    } // else the step refused its input, and there is no state to store
    if (input.mail) this.accept(input.mail[0]);
    for (const activity of output.activities ?? []) this.activities.push([instance, activity]);
    for (const activity of output.queued ?? []) this.queued.push([instance, activity]);
    if (output.unwanted) this.unwanted.push([instance, output.unwanted]);
    this.notices.push(...(output.notices ?? []));
    return this.#localsOf(step.entry.messages ?? []);
  }

  /**
   * Takes the messages of an entry of a channel that another partition has handed over: they are local ones of this record.
   * Returns them with about how many bytes each has.
   */
  receive(from: number, n: number, messages: readonly Addressed[]): readonly (LocalDelivery & { bytes: number })[] {
    const entry: StepEntry = { to: messages[0]![0], messages, handed: [from, n] };
    const text = encodeStep(entry);
    this.#bytes += utf8Length(text);
    this.entries.push(entry);
    this.texts.push(text);
    this.received.set(from, { from, n, partly: undefined });
    const bytes = Math.ceil(text.length / messages.length);
    return this.#localsOf(messages).map(({ message, local }) => ({ message, local, bytes }));
  }

  #localsOf(messages: readonly Addressed[]): readonly LocalDelivery[] {
    return messages.map((message) => ({ message, local: [this.counter, this.#locals++] }));
  }

  /** Records that mail has come, up to here; what of it is not consumed is open. */
  accept(sequence: number): void {
    this.mailUpTo = Math.max(this.mailUpTo, sequence);
  }

  /** Records that inputs wait in a page from now on (P4). */
  park(parking: Parking): void {
    this.parked.push(parking);
    for (const { mail = [] } of parking.boxes) {
      for (let at = 0; at < mail.length; at += 2) this.accept(mail[at]!);
      this.#bytes += 10 * mail.length;
    }
  }

  /** Records that mail was consumed without a step. */
  drop(dropped: DroppedInput): void {
    this.dropped.push(dropped);
    this.accept(dropped.sequence);
  }

  /** Records that a request is in its work queue. It alone makes no record: it rides with the next one. */
  dispatch(executionId: string, taskId: number): void {
    const ids = this.dispatched.get(executionId);
    if (ids) ids.push(taskId);
    else this.dispatched.set(executionId, [taskId]);
  }

  #send(to: number, text: string): void {
    const texts = this.outputs.get(to);
    if (texts) texts.push(text);
    else this.outputs.set(to, [text]);
  }
}
