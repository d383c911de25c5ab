import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../../lib/engine/ports.js';
import type { NatsHub } from '../../../lib/nats/hub.js';
import { MailConsumer } from '../../../lib/nats/mail-consumer.js';
import type { Subscription, StoredMessage } from '../../../lib/engine/ports.js';
import { decodeRecord } from '../../../lib/wire/record-codec.js';

/** The time of one owner of one partition, as the log tells it. Times are the server's, in milliseconds since 1970. */
export interface Reign {
  readonly partition: number;
  readonly epoch: number;
  /** The process number of the owner. */
  readonly pid: number;
  /** When its epoch record was stored. */
  readonly began: number;
  firstCommit: number | undefined;
  lastCommit: number | undefined;
}

/**
 * Reads every record of every log, beside the workers and by a connection of its own, and holds it to C2 and C3: each
 * record names the one before it as its predecessor, epochs rise, and nobody commits in an epoch that is not the last.
 */
export class LogAudit {
  readonly reigns: Reign[] = [];
  /** What of the logs is not as it must be. */
  readonly violations: string[] = [];
  /** Commits of owners that had been replaced. */
  staleCommits = 0;
  records = 0;
  /** Records that were forgotten before they could be read. */
  unread = 0;
  /** When the commits of each partition were stored, at most one in 10 ms. */
  readonly #commits: number[][] = [];
  readonly #last: { sequence: number; reign: Reign | undefined }[] = [];
  readonly #subscriptions: Subscription[] = [];

  readonly #files: readonly WriteStream[];

  /** Every record is kept in a file of the folder, for whoever has to find out why. */
  constructor({ jetStream, subjects, partitions }: NatsHub, folder: string, logger: Logger) {
    this.#files = Array.from({ length: partitions }, (_, at) => createWriteStream(join(folder, `log-${at}.jsonl`)));
    for (let partition = 0; partition < partitions; partition++) {
      this.#last.push({ sequence: 0, reign: undefined });
      this.#commits.push([]);
      const stream = subjects.partition(partition).streamName('log');
      const take = async (batch: readonly StoredMessage[]): Promise<void> => {
        for (const message of batch) this.#take(partition, message);
      };
      const losses = {
        onGap: (from: number, to: number) => {
          this.unread += to - from + 1;
          this.#last[partition] = { sequence: to, reign: undefined };
        },
        onRegressed: (sequence: number) => {
          this.violations.push(`Stream ${stream} went back to ${sequence}`);
        },
      };
      this.#subscriptions.push(new MailConsumer(jetStream, stream, 1, take, losses, logger));
    }
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    for (const file of this.#files) file.end();
  }

  /** The last record of a partition that was read. */
  readUpTo(partition: number): number {
    return this.#last[partition]!.sequence;
  }

  /** For each partition, when the first commit after a moment was stored. */
  nextCommits(at: number): number[] {
    return this.#commits.flatMap((times) => times.find((time) => time > at) ?? []);
  }

  /** Who owned a partition at a moment. */
  ownerAt(partition: number, at: number): Reign | undefined {
    return this.reigns.findLast((reign) => reign.partition === partition && reign.began <= at);
  }

  /** The owner after a reign. */
  after({ partition, epoch }: Reign): Reign | undefined {
    return this.reigns.find((reign) => reign.partition === partition && reign.epoch > epoch);
  }

  /** The partitions that a process owned at a moment. */
  ownedAt(pid: number, at: number): Reign[] {
    return this.#last.flatMap((_, partition) => {
      const reign = this.ownerAt(partition, at);
      return reign?.pid === pid ? [reign] : [];
    });
  }

  #take(partition: number, { sequence, body, time }: StoredMessage): void {
    const where = `Record ${sequence} of the log of partition ${partition}`;
    const record = decodeRecord(body, where);
    this.#files[partition]!.write(
      `{"sequence":${sequence},"time":${time},"record":${new TextDecoder().decode(body)}}\n`,
    );
    const last = this.#last[partition]!;
    this.records++;
    if (record.prev !== last.sequence)
      this.violations.push(`${where} says that it follows ${record.prev}, and it follows ${last.sequence}`);
    last.sequence = sequence;
    if (record.type === 'epoch') {
      if (last.reign && record.epoch <= last.reign.epoch)
        this.violations.push(`${where} begins epoch ${record.epoch} after epoch ${last.reign.epoch}`);
      last.reign = this.#begin(partition, record.epoch, Number(record.owner.split('.').at(-2)), time);
      return;
    }
    // Behind a gap nobody can say who owned it before.
    last.reign ??= this.#begin(partition, record.epoch, NaN, time);
    if (record.epoch !== last.reign.epoch) {
      this.staleCommits++;
      this.violations.push(`${where} is a commit of epoch ${record.epoch} in epoch ${last.reign.epoch}`);
      return;
    }
    last.reign.firstCommit ??= time;
    last.reign.lastCommit = time;
    const times = this.#commits[partition]!;
    if (time >= (times.at(-1) ?? 0) + 10) times.push(time);
  }

  #begin(partition: number, epoch: number, pid: number, began: number): Reign {
    const reign: Reign = { partition, epoch, pid, began, firstCommit: undefined, lastCommit: undefined };
    this.reigns.push(reign);
    return reign;
  }
}
