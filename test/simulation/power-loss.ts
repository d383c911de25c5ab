import { wholeCheckpoint } from '../../lib/engine/checkpoints.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import type { Host } from '../../lib/engine/host.js';
import type { Logger } from '../../lib/engine/ports.js';
import { StorageRegressedError } from '../../lib/errors.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import type { SeededRandom } from '../../lib/memory/random.js';
import type { Checkpoint } from '../../lib/wire/checkpoint.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { AcceptedLoss } from './accepted-loss.js';
import type { Violation } from './instance-watch.js';

/** So long a claim may take, in virtual milliseconds. */
const CLAIM = 60_000;
/** So soon a running owner notices that a stream is another one, in virtual milliseconds. */
const NOTICED = 10_000;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A partition that nobody owns, as its last owner left it. */
export interface LeftPartition {
  readonly partition: number;
  readonly hub: MemoryHub;
  readonly checkpoint: Checkpoint;
}

/**
 * One of a partition's streams goes back in time, as after a power loss, behind what the others know: a new owner must
 * refuse the partition, and leave it as it is (P12).
 */
export class PowerLoss {
  readonly #left: LeftPartition;
  readonly #random: SeededRandom;
  #checkpoint: Checkpoint;

  constructor(left: LeftPartition, random: SeededRandom) {
    this.#left = left;
    this.#checkpoint = left.checkpoint;
    this.#random = random;
  }

  async check(host: Host, violation: Violation): Promise<void> {
    const { partition, hub } = this.#left;
    if (this.#random.below(6) === 0) return this.#replaceUnder(host, violation);
    const accepted = new AcceptedLoss(hub, partition, this.#random, violation);
    if (this.#random.below(2) === 0) {
      await accepted.work();
      await this.#look();
    }
    const what = this.#lose();
    if (what === undefined) return;
    const { log } = hub.streams(partition);
    const end = log.last;
    const owner = new PartitionOwner(partition, memoryHubPorts(hub.connect('after'), silent), host);
    const claimed = owner.claim().then(
      () => 'took it over',
      (error: unknown) => (error instanceof StorageRegressedError ? undefined : String(error)),
    );
    const told = await hub.world.scheduler.settle(claimed, CLAIM);
    if (told !== undefined) violation(`P12: partition ${partition} has ${what}, and a new owner ${told}`);
    if (log.last !== end) violation(`P12: partition ${partition} has ${what}, and a new owner wrote behind that`);
    await accepted.accept(what);
  }

  /** The checkpoint as it is now. */
  async #look(): Promise<void> {
    const { partition, hub } = this.#left;
    const ports = memoryHubPorts(hub.connect('look'), silent).partition(partition);
    this.#checkpoint = (await hub.world.scheduler.settle(wholeCheckpoint(ports), CLAIM)) ?? this.#checkpoint;
  }

  /** A stream becomes another one under an owner: it must not go on. */
  async #replaceUnder(host: Host, violation: Violation): Promise<void> {
    const { partition, hub } = this.#left;
    const owner = new PartitionOwner(partition, memoryHubPorts(hub.connect('after'), silent), host);
    await hub.world.scheduler.settle(owner.claim(), CLAIM);
    const streams = hub.streams(partition);
    const kind = (['log', 'mail', 'state'] as const)[this.#random.below(3)]!;
    streams[kind].replace();
    let end: unknown;
    void owner.ended.then((reason) => (end = reason));
    await hub.world.scheduler.advance(NOTICED);
    if (!(end instanceof StorageRegressedError))
      violation(`P12: the ${kind} of partition ${partition} is another stream, and its owner ${String(end)}`);
  }

  /** What is lost, for people; undefined: nothing could be that anybody knows of. */
  #lose(): string | undefined {
    const { partition, hub } = this.#left;
    const checkpoint = this.#checkpoint;
    const { log, mail, state } = hub.streams(partition);
    switch (this.#random.below(5)) {
      case 0:
        log.rewind(checkpoint.logSeq - 1 - this.#random.below(3));
        return `a log that ends at ${log.last}, behind which its checkpoint is`;
      case 1:
        return this.#anotherRecord();
      case 2:
        if (checkpoint.accepted === 0) return undefined;
        mail.rewind(checkpoint.accepted - 1);
        return `mail that ends at ${mail.last}, although ${checkpoint.accepted} was accepted`;
      case 3:
        return this.#otherMail();
      default: {
        const { subject, sequence } = state.latest(partitionSubjects(hub.name, partition).checkpoint)!;
        if (checkpoint.counter === 0) return undefined;
        state.remove(sequence);
        return `lost ${subject}`;
      }
    }
  }

  /** The last record is not the one that the checkpoint knows. */
  #anotherRecord(): string | undefined {
    const { partition, hub } = this.#left;
    const checkpoint = this.#checkpoint;
    const { log } = hub.streams(partition);
    const known = log.get(checkpoint.logSeq);
    if (!known) return undefined;
    log.rewind(checkpoint.logSeq - 1);
    const body = new TextDecoder().decode(known.body).replace(checkpoint.commit, hub.world.random.id());
    log.store(known.subject, new TextEncoder().encode(body), hub.world.time);
    return `another record at ${checkpoint.logSeq}`;
  }

  /** What was accepted last is not what is there now. */
  #otherMail(): string | undefined {
    const { partition, hub } = this.#left;
    const checkpoint = this.#checkpoint;
    const { mail } = hub.streams(partition);
    const known = mail.get(checkpoint.accepted);
    if (!known || checkpoint.acceptedAt === undefined) return undefined;
    mail.rewind(checkpoint.accepted - 1);
    mail.store(known.subject, known.body, hub.world.time);
    return `other mail at ${checkpoint.accepted}`;
  }
}
