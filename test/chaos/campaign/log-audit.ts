import type { StoredMessage } from '../../../lib/engine/ports.js';
import { decodeRecord } from '../../../lib/wire/record-codec.js';

/** The time of one owner of one partition, as the log tells it. Times are the server's, in milliseconds since 1970. */
export interface Reign {
  readonly partition: number;
  readonly epoch: number;
  /** The process number of the owner; NaN: its epoch record was not read. */
  readonly pid: number;
  /** When its epoch record was stored. */
  readonly began: number;
  firstCommit: number | undefined;
  lastCommit: number | undefined;
}

/** What was read of one log. */
interface Reading {
  sequence: number;
  reign: Reign | undefined;
  /** Records before the next one were not read: an owner may have begun there. */
  isBehindGap: boolean;
}

/**
 * Holds every record of every log to C2 and C3: each names the one before it as its predecessor, epochs rise, and nobody
 * commits in an epoch that is not the last. Records that were not read are a finding of their own.
 */
export class LogAudit {
  readonly reigns: Reign[] = [];
  /** What of the logs is not as it must be. */
  readonly violations: string[] = [];
  /** Where records were forgotten before they could be read. */
  readonly gaps: string[] = [];
  /** Commits of owners that had been replaced. */
  staleCommits = 0;
  records = 0;
  /** Records that were forgotten before they could be read. */
  unread = 0;
  /** When the commits of each partition were stored, at most one in 10 ms. */
  readonly #commits: number[][];
  readonly #readings: Reading[];

  constructor(partitions: number) {
    this.#commits = Array.from({ length: partitions }, () => []);
    this.#readings = this.#commits.map(() => ({ sequence: 0, reign: undefined, isBehindGap: false }));
  }

  /** The last record of each partition that was read. */
  get readUpTo(): readonly number[] {
    return this.#readings.map(({ sequence }) => sequence);
  }

  /** For each partition that has one, when the first commit after a moment was stored. */
  nextCommits(at: number): (readonly [partition: number, at: number])[] {
    return this.#commits.flatMap((times, partition) => {
      const next = times.find((time) => time > at);
      return next === undefined ? [] : [[partition, next] as const];
    });
  }

  /** Who owned a partition at a moment. */
  ownerAt(partition: number, at: number): Reign | undefined {
    return this.reigns.findLast((reign) => reign.partition === partition && reign.began <= at);
  }

  /** The owner after a reign. */
  after({ partition, epoch }: Reign): Reign | undefined {
    return this.reigns.find((reign) => reign.partition === partition && reign.epoch > epoch);
  }

  /** When an owner after a reign committed first: some end before they do. */
  committedAfter({ partition, epoch }: Reign): number | undefined {
    return this.reigns.find(
      (reign) => reign.partition === partition && reign.epoch > epoch && reign.firstCommit !== undefined,
    )?.firstCommit;
  }

  /** The partitions that a process owned at a moment. */
  ownedAt(pid: number, at: number): Reign[] {
    return this.#readings.flatMap((_, partition) => {
      const reign = this.ownerAt(partition, at);
      return reign?.pid === pid ? [reign] : [];
    });
  }

  /** Records that nobody can read any more, the first and the last of them. */
  miss(partition: number, from: number, to: number): void {
    this.unread += to - from + 1;
    this.gaps.push(`records ${from} to ${to} of the log of partition ${partition}`);
    const reading = this.#readings[partition]!;
    reading.sequence = to;
    reading.isBehindGap = true;
  }

  take(partition: number, { sequence, body, time }: StoredMessage): void {
    const where = `Record ${sequence} of the log of partition ${partition}`;
    const record = decodeRecord(body, where);
    const reading = this.#readings[partition]!;
    const { reign, isBehindGap } = reading;
    this.records++;
    if (record.prev !== reading.sequence)
      this.violations.push(`${where} says that it follows ${record.prev}, and it follows ${reading.sequence}`);
    reading.sequence = sequence;
    reading.isBehindGap = false;
    if (record.type === 'epoch') {
      if (reign && record.epoch <= reign.epoch)
        this.violations.push(`${where} begins epoch ${record.epoch} after epoch ${reign.epoch}`);
      reading.reign = this.#begin(partition, record.epoch, Number(record.owner.split('.').at(-2)), time);
      return;
    }
    // Only behind a gap can an owner be new of whom nothing was read.
    if (!reign || (isBehindGap && record.epoch > reign.epoch))
      reading.reign = this.#begin(partition, record.epoch, NaN, time);
    this.#commit(partition, reading.reign!, record.epoch, time, where);
  }

  #commit(partition: number, reign: Reign, epoch: number, time: number, where: string): void {
    if (epoch !== reign.epoch) {
      this.staleCommits++;
      this.violations.push(`${where} is a commit of epoch ${epoch} in epoch ${reign.epoch}`);
      return;
    }
    reign.firstCommit ??= time;
    reign.lastCommit = time;
    const times = this.#commits[partition]!;
    if (time >= (times.at(-1) ?? 0) + 10) times.push(time);
  }

  #begin(partition: number, epoch: number, pid: number, began: number): Reign {
    const reign: Reign = { partition, epoch, pid, began, firstCommit: undefined, lastCommit: undefined };
    this.reigns.push(reign);
    return reign;
  }
}
