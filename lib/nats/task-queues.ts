import type { Logger, QueuedTask, QueueSettings, TaskConsumption, TaskQueues } from '../engine/ports.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import { queueToken, type HubSubjects } from '../wire/subjects.js';
import { ErrorCode, type JetStream } from './jetstream.js';
import { TaskConsumer } from './task-consumer.js';

/** A task that is not kept for so many milliseconds is delivered again. */
const PATIENCE = 10_000;

const NANOSECONDS = 1_000_000;

/**
 * The work queues of a hub on one stream. Each queue has one durable consumer, named by its token: what waits there is
 * the queue's backlog, for whoever scales workers by it.
 */
export class NatsTaskQueues implements TaskQueues {
  readonly #jetStream: JetStream;
  readonly #subjects: HubSubjects;
  readonly #logger: Logger;
  /** The queues that are known to have their consumer. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor(jetStream: JetStream, subjects: HubSubjects, logger: Logger) {
    this.#jetStream = jetStream;
    this.#subjects = subjects;
    this.#logger = logger;
  }

  async publish(queue: string, body: Uint8Array, messageId: string): Promise<boolean> {
    refuseTooLarge(body, this.#jetStream.session.maxBodyBytes); // before its queue is made
    await this.#exists(queue);
    return (await this.#jetStream.store(this.#subjects.queue(queue), body, { messageId })) !== undefined;
  }

  consume(queue: string, settings: QueueSettings, onTask: (task: QueuedTask) => void): TaskConsumption {
    return new TaskConsumer(
      this.#jetStream,
      { stream: this.#subjects.tasksStream, name: queueToken(queue) },
      () => this.#create(queue, 'createOrUpdate', settings),
      onTask,
      this.#logger,
    );
  }

  async sizes(): Promise<ReadonlyMap<string, number>> {
    const { tasksStream, tasks } = this.#subjects;
    const sizes = new Map<string, number>();
    for await (const [subject, messages] of this.#jetStream.subjectSizes(tasksStream, tasks)) {
      const queue = this.#subjects.queueOf(subject);
      if (queue !== undefined) sizes.set(queue, messages);
    }
    return sizes;
  }

  async look(queue: string, most: number): Promise<readonly Uint8Array[]> {
    const [stream, subject] = [this.#subjects.tasksStream, this.#subjects.queue(queue)];
    const bodies: Uint8Array[] = [];
    for (let next = 1; bodies.length < most;) {
      const task = await this.#jetStream.get(stream, { seq: next, next_by_subj: subject });
      if (!task) break;
      bodies.push(task.body);
      next = task.sequence + 1;
    }
    return bodies;
  }

  /** A queue that no worker has served yet has a backlog, too: the first one may be started because of it. */
  #exists(queue: string): Promise<void> {
    let existing = this.#queues.get(queue);
    if (!existing) {
      existing = this.#create(queue, 'create', {});
      this.#queues.set(queue, existing);
      existing.catch(() => this.#queues.delete(queue));
    }
    return existing;
  }

  /** Rejects with ClosedError only. */
  async #create(queue: string, action: 'create' | 'createOrUpdate', { maxInFlight }: QueueSettings): Promise<void> {
    const [stream, name, filter] = [this.#subjects.tasksStream, queueToken(queue), this.#subjects.queue(queue)];
    const config = {
      durable_name: name,
      name,
      filter_subject: filter,
      deliver_policy: 'all',
      ack_policy: 'explicit',
      ack_wait: PATIENCE * NANOSECONDS,
      max_deliver: -1,
      max_ack_pending: maxInFlight ?? -1,
      replay_policy: 'instant',
    };
    const body = { stream_name: stream, config, ...(action === 'create' && { action }) };
    await this.#jetStream.demand(`CONSUMER.CREATE.${stream}.${name}.${filter}`, body, [ErrorCode.consumerExists]);
  }
}
