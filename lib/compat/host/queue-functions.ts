import { setTimeout as delay } from 'node:timers/promises';
import type { HubPorts, QueuedTask, TaskConsumption } from '../../engine/ports.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import type { RegisteredFunction } from '../functions/registered-function.js';
import type { QueueLimits } from './host-json.js';
import type { Invocations } from './invocations.js';
import { messageValue, type QueueMessages } from './queue-messages.js';
import { poisonQueue, queueOf, type HubQueue } from './queue-names.js';

/** Signs of life for a message that a function has, in milliseconds. */
const BEAT = 2_500;
/** How long functions that run may take when the host stops, in milliseconds. */
const PATIENCE = 10_000;
/** How often an acknowledgement is tried: a message that comes again is handled again. */
const ACKS = 3;

/** What the queues of an app are served with. */
export interface QueueSurroundings {
  readonly ports: Pick<HubPorts, 'tasks' | 'clock' | 'subjects'>;
  readonly messages: QueueMessages;
  readonly invocations: Invocations;
  /** Of the two kinds of queues. */
  readonly limits: Readonly<Record<HubQueue['kind'], QueueLimits>>;
  readonly onError: (context: InvocationContext, error: unknown) => void;
}

/** A function with the queue whose messages it is called with. */
export interface QueueFunction {
  readonly registered: RegisteredFunction;
  readonly queue: HubQueue;
  /** Where other programs publish messages. */
  readonly subject: string;
}

/** Calls the functions of an app with the messages of their queues, which all hosts of the app share. */
export class QueueFunctions {
  readonly list: readonly QueueFunction[];
  readonly #listeners: readonly QueueListener[];

  constructor(functions: Iterable<RegisteredFunction>, surroundings: QueueSurroundings) {
    const { subjects } = surroundings.ports;
    this.list = Array.from(functions).flatMap((registered) => {
      const queue = queueOf(registered.options.trigger);
      return queue ? [{ registered, queue, subject: subjects.queue(queue.name) }] : [];
    });
    this.#listeners = this.list.map((one) => new QueueListener(one, surroundings));
  }

  start(): void {
    for (const listener of this.#listeners) listener.start();
  }

  /** Takes no more; resolves when what runs has ended, or after 10 s: then others get its messages. */
  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
  }
}

/**
 * Takes messages for one function, several at a time. A message leaves its queue when the function has ended well, or has failed
 * so often that it is put aside; while it is here the server is told that it is in work, so that one whose host died comes again.
 */
class QueueListener {
  readonly #function: QueueFunction;
  readonly #surroundings: QueueSurroundings;
  readonly #limits: QueueLimits;
  readonly #runs = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #consumption: TaskConsumption | undefined;

  constructor(one: QueueFunction, surroundings: QueueSurroundings) {
    this.#function = one;
    this.#surroundings = surroundings;
    this.#limits = surroundings.limits[one.queue.kind];
  }

  start(): void {
    const { tasks } = this.#surroundings.ports;
    this.#consumption = tasks.consume(this.#function.queue.name, {}, (task) => this.#take(task));
    this.#want();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#consumption?.close();
    const over = new AbortController();
    const late = delay(PATIENCE, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#runs), late]);
    over.abort();
  }

  #want(): void {
    if (!this.#stopped.signal.aborted) this.#consumption?.want(Math.max(0, this.#limits.concurrency - this.#runs.size));
  }

  #take(task: QueuedTask): void {
    if (this.#stopped.signal.aborted) return; // another host gets it
    const run = this.#carryOut(task)
      .catch((error: unknown) => this.#tell(error))
      .finally(() => {
        this.#runs.delete(run);
        this.#want();
      });
    this.#runs.add(run);
  }

  async #carryOut(task: QueuedTask): Promise<void> {
    const beat = setInterval(() => task.keep(), BEAT);
    try {
      if (await this.#isDone(task)) await acknowledge(task);
    } finally {
      clearInterval(beat);
    }
  }

  /** False: the host stops, and the message comes again elsewhere. */
  async #isDone(task: QueuedTask): Promise<boolean> {
    const { most, pause } = this.#limits;
    for (let count = task.deliveries; count <= most; count++) {
      if (await this.#invoke(task, count)) return true;
      if (count === most) break;
      await delay(pause, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return false;
    }
    await this.#putAside(task);
    return true;
  }

  async #invoke(task: QueuedTask, count: number): Promise<boolean> {
    const { invocations, onError } = this.#surroundings;
    const { registered } = this.#function;
    const context = invocations.contextOf(registered);
    const value = messageValue(task.body);
    context.triggerMetadata = metadataOf(this.#function.queue, task, count);
    try {
      const isMany = registered.options.trigger['cardinality'] === 'many';
      await invocations.invoke(registered, context, isMany ? [value] : value);
      return true;
    } catch (error) {
      onError(context, error);
      return false;
    }
  }

  async #putAside(task: QueuedTask): Promise<void> {
    const { queue } = this.#function;
    const poison = poisonQueue(queue);
    await this.#surroundings.messages.send(poison, task.body, `${poison.kind}-poison-${task.sequence}`);
    this.#tell(
      `Message ${task.sequence} of queue '${queue.shown}' has failed ${this.#limits.most} times: it is in '${poison.shown}' now.`,
    );
  }

  #tell(error: unknown): void {
    const { invocations, onError } = this.#surroundings;
    onError(invocations.contextOf(this.#function.registered), error);
  }
}

async function acknowledge(task: QueuedTask): Promise<void> {
  for (let tries = 0; tries < ACKS; tries++) if (await task.acknowledge()) return;
}

/** What the original tells of a message, as far as it is known. */
function metadataOf({ kind }: HubQueue, { sequence, time }: QueuedTask, count: number): Record<string, unknown> {
  const stored = new Date(time).toISOString();
  return kind === 'storage'
    ? { id: String(sequence), dequeueCount: count, insertionTime: stored }
    : { messageId: String(sequence), sequenceNumber: sequence, deliveryCount: count, enqueuedTimeUtc: stored };
}
