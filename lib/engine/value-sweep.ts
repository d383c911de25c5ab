import { ClosedError } from '../errors.js';
import { partitionOf } from '../wire/addresses.js';
import { decodeRecord } from '../wire/record-codec.js';
import { holderOf, keysNamedIn } from '../wire/value-references.js';
import { wholeCheckpoint } from './checkpoints.js';
import type { Loop, Loops } from './loops.js';
import type { HubPorts, PartitionPorts } from './ports.js';

/** What has left the mail. */
export interface TakenMail {
  /** All mail up to this sequence is consumed. */
  readonly consumed: number;
  /** The pages of parked messages, and where they are stored. */
  readonly parked: readonly { readonly sequence: number }[];
}

/** An object younger than this, in milliseconds, may be about to be named. */
const OLD = 7 * 24 * 3_600_000;
/** An owner's first sweep, and how long it waits before each next one, in milliseconds. */
const FIRST = 600_000;
const HOUR = 3_600_000;
const HOURS = 24;

/**
 * Finds the values that nothing names: those whose instance changed its mind, or whose owner died, before anything named
 * them or before they were removed.
 *
 * P15. An old object is removed only when neither a head, nor a log or checkpoint of any partition, nor the mail of its own
 *      names it. A message moves from its sender's log over its checkpoint to the receiver's mail, parked pages, log,
 *      checkpoint and head: they are read in this order, so that none is overlooked on its way.
 */
export class ValueSweep {
  readonly #ports: PartitionPorts;
  readonly #hub: HubPorts;
  readonly #taken: () => TakenMail;
  readonly #loop: Loop;
  #cancel = (): void => {};
  #isStopped = false;

  constructor(ports: PartitionPorts, hub: HubPorts, taken: () => TakenMail, loops: Loops) {
    this.#loop = loops.add('the sweep for stored values that nothing names');
    this.#ports = ports;
    this.#hub = hub;
    this.#taken = taken;
  }

  start(): void {
    this.#after(FIRST, 0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** Removes the values of this partition's instances that nothing names and that were stored before a time; how many. */
  async run(before: number): Promise<number> {
    this.#loop.begin();
    try {
      return await this.#run(before);
    } finally {
      this.#loop.end();
    }
  }

  async #run(before: number): Promise<number> {
    const { views, subjects, mailbox } = this.#ports;
    const { partition } = subjects;
    if (partition === 0) await this.#ports.objects.removeUnfinished(before);
    const keys = new Set<string>();
    for await (const { key } of this.#ports.objects.list(before)) {
      this.#loop.moved();
      if (this.#isMine(key)) keys.add(key);
    }
    await this.#namedByHeads(keys); // most are: nothing else has to be read
    if (keys.size === 0) return 0;
    for (let other = 0; other < this.#hub.partitions; other++)
      if (other !== partition && !(await this.#namedByRecords(keys, this.#hub.partition(other)))) return 0;
    for await (const { body } of mailbox.read(this.#taken().consumed + 1)) this.#strike(keys, decoded(body));
    const known = this.#taken().parked.reduce((last, { sequence }) => Math.max(last, sequence), 0);
    for await (const { body } of views.scan(subjects.parkedPage('>'), known)) this.#strike(keys, decoded(body));
    if (!(await this.#namedByRecords(keys, this.#ports))) return 0;
    await this.#namedByHeads(keys);
    return this.#remove(keys);
  }

  #after(milliseconds: number, hours: number): void {
    this.#cancel = this.#ports.clock.after(milliseconds, () => {
      if (hours > 1) return this.#after(HOUR, hours - 1);
      this.run(this.#ports.clock.now() - OLD).then(
        () => this.#isStopped || this.#after(HOUR, HOURS),
        (error: unknown) => this.#failed(error),
      );
    });
  }

  /** What a sweep does not remove, a later one does. */
  #failed(error: unknown): void {
    if (this.#isStopped || error instanceof ClosedError) return;
    this.#ports.logger.error(`A sweep of stored values failed: ${String(error)}`, { instance: this.#name });
    this.#after(HOUR, HOURS);
  }

  #isMine(key: string): boolean {
    const holder = holderOf(key);
    return holder !== undefined && partitionOf(holder, this.#hub.partitions) === this.#ports.subjects.partition;
  }

  async #namedByHeads(keys: Set<string>): Promise<void> {
    const { views, subjects } = this.#ports;
    for (const holder of new Set(Array.from(keys, (key) => holderOf(key)!))) {
      const head = await views.read(subjects.head(holder));
      if (head) this.#strike(keys, decoded(head.body));
    }
  }

  /** By a partition's log and checkpoint; false when the checkpoint cannot be had. */
  async #namedByRecords(keys: Set<string>, ports: PartitionPorts): Promise<boolean> {
    const { log, subjects, views } = ports;
    let text = '';
    for await (const { sequence, body } of log.read(1, Number.MAX_SAFE_INTEGER)) {
      const record = decodeRecord(body, `Record ${sequence} of ${subjects.log}`);
      // A key may stand in two parts of a record.
      if (record.type === 'part') text = record.part[0] === 1 ? record.text : text + record.text;
      else text = decoded(body);
      this.#strike(keys, text);
    }
    const checkpoint = await wholeCheckpoint(ports);
    this.#strike(keys, JSON.stringify(checkpoint ?? {}));
    return checkpoint !== undefined || (await views.read(subjects.checkpoint)) === undefined;
  }

  #strike(keys: Set<string>, text: string): void {
    this.#loop.moved();
    for (const key of keysNamedIn(text)) keys.delete(key);
  }

  async #remove(keys: ReadonlySet<string>): Promise<number> {
    for (const key of keys) {
      if (this.#isStopped) return 0;
      await this.#ports.objects.remove(key);
      this.#loop.moved();
    }
    this.#ports.logger.info('Stored values that nothing named were removed', {
      instance: this.#name,
      count: keys.size,
    });
    return keys.size;
  }

  get #name(): string {
    return `partition ${this.#ports.subjects.partition}`;
  }
}

const utf8 = new TextDecoder();

function decoded(body: Uint8Array): string {
  return utf8.decode(body);
}
