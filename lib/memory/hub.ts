import { MemoryConnection } from './connection.js';
import type { MemoryObject } from './object-store.js';
import { MemoryServer } from './server.js';
import { MemoryStream } from './stream.js';
import { MemoryTopics } from './bus.js';
import { MemoryTasks } from './tasks.js';
import { subjectsOf, type HubSubjects } from '../wire/subjects.js';
import type { ValueLimitOptions, ValueLimits } from '../wire/value-limits.js';
import type { MemoryWorld } from './world.js';

/** A task hub's streams in memory: they outlive every connection. */
export class MemoryHub {
  readonly topics = new MemoryTopics();
  /** The bucket behind HubStore. */
  readonly bucket = new MemoryStream(true);
  /** What is behind ObjectStore, by key. */
  readonly objects = new Map<string, MemoryObject>();
  /** What no instance could take. */
  readonly deadLetters = new MemoryStream(false);
  /** The work queues. */
  readonly tasks: MemoryTasks;
  readonly server: MemoryServer;
  readonly subjects: HubSubjects;
  readonly #partitions: readonly PartitionStreams[];

  constructor(
    readonly world: MemoryWorld,
    readonly name: string,
    readonly partitions: number,
    /** Limits as they are, however small, or what users choose of them. */
    readonly valueLimits: ValueLimits | ValueLimitOptions = {},
    /** Copies of each stream: of several, a deposed leader may answer reads of the log and lists of the state, too. */
    readonly replicas = 1,
  ) {
    this.subjects = subjectsOf(name);
    this.tasks = new MemoryTasks(world);
    const past = replicas > 1 ? () => world.scheduler.now : undefined;
    this.#partitions = Array.from({ length: partitions }, () => ({
      log: new MemoryStream(false),
      mail: new MemoryStream(false),
      state: new MemoryStream(true, past),
    }));
    this.server = new MemoryServer(world, () => this.#streams(), this.tasks);
  }

  /** A process's connection; the name says in faults which one it was. */
  connect(name: string): MemoryConnection {
    return new MemoryConnection(this, name);
  }

  /** The streams of a partition, for a look behind the ports. */
  streams(partition: number): PartitionStreams {
    const streams = this.#partitions[partition];
    if (!streams) throw new RangeError(`Task hub ${this.name} has no partition ${partition}`);
    return streams;
  }

  *#streams(): Generator<MemoryStream> {
    for (const { log, mail, state } of this.#partitions) yield* [log, mail, state];
    yield* [this.bucket, this.deadLetters];
  }
}

/** The three streams of a partition. */
export interface PartitionStreams {
  readonly log: MemoryStream;
  readonly mail: MemoryStream;
  readonly state: MemoryStream;
}
