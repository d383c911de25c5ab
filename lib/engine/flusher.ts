import type { Captured, Stamp } from './activation.js';
import { asError } from './as-error.js';
import type { Committer } from './committer.js';
import type { Group } from './group.js';
import type { HeadChanges } from './head-changes.js';
import type { Cut, Heads } from './heads.js';
import type { Instance } from './instance.js';
import type { Loop, Loops } from './loops.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/**
 * An instance is written no sooner than so many milliseconds after it has changed: one that begins and ends meanwhile is
 * written once.
 */
const AGE = 80;
/** Between two captures there are so many milliseconds at least. With both, a head is about 100 ms behind at most. */
const PAUSE = 20;
/** Heads written at the same time. */
const WIDTH = 64;

/** Whom the flusher tells. */
export interface FlushListener {
  /** A head of the instance is stored. */
  written(instance: Instance): void;
  failed(error: Error): void;
}

/** Instances as they were at one record. */
type Capture = readonly (readonly [Instance, Captured | undefined])[];

/**
 * Stores heads behind the log, off the critical path and coalesced: an instance that changed many times between two
 * flushes is written once.
 *
 * C7. Instances are captured exactly when memory is what one record says: when its group is sealed, or when nothing is
 *     open. They are written once that record is acknowledged, so no head runs ahead of the log.
 */
export class Flusher {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #heads: Heads;
  readonly #committer: Committer;
  readonly #listener: FlushListener;
  /** Instances whose heads do not show all acknowledged records, those that have waited for longest first. */
  readonly #dirty = new Set<Instance>();
  readonly #captures = new Map<Group, Capture>();
  #isDue = false;
  /** When the next capture falls due. */
  #next: { readonly at: number; readonly cancel: () => void } | undefined;
  readonly #loop: Loop;
  #writing: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    tables: PartitionTables,
    ports: PartitionPorts,
    heads: Heads,
    committer: Committer,
    listener: FlushListener,
    loops: Loops,
  ) {
    this.#loop = loops.add('the storing of heads');
    this.#tables = tables;
    this.#ports = ports;
    this.#heads = heads;
    this.#committer = committer;
    this.#listener = listener;
  }

  /** How many instances have changed behind their stored heads: they stay in memory until those are written. */
  get unwritten(): number {
    return this.#dirty.size;
  }

  /** Whether a head was written of an instance that is not kept for ever. */
  get limitsRetention(): boolean {
    return this.#heads.limitsRetention;
  }

  /** How many heads were written and removed. */
  get changes(): HeadChanges {
    return this.#heads.changes;
  }

  /** The first record that the stored heads do not all show; every record below is flushed. */
  get watermark(): number {
    let low = this.#tables.sequence + 1;
    for (const { dirtySince } of this.#dirty) low = Math.min(low, dirtySince!);
    return low;
  }

  /** Instances that recovery found changed behind their heads. */
  recovered(instance: Instance, since: number): void {
    this.#mark(instance, since, this.#ports.clock.now());
  }

  /** A group is sealed: memory is what its record will say. */
  sealing(group: Group): void {
    if (!this.#isDue || this.#writing || this.#captures.size > 0) return; // one at a time: the older would be stored last
    this.#captures.set(group, this.#capture(this.#ripe()));
  }

  /** `first`: the first part of its record; with that the log is kept from (P7). */
  acknowledged(group: Group, first: number): void {
    const capture = this.#captures.get(group);
    this.#captures.delete(group);
    const now = this.#ports.clock.now();
    for (const instance of group.instances) this.#mark(instance, first, now);
    if (capture) void this.#start(capture);
    else this.#whenQuiet();
  }

  /** Writes everything that is behind; the owner has seen to it that nothing runs. */
  async drain(): Promise<void> {
    while (this.#dirty.size > 0 && !this.#isStopped) {
      await this.#writing;
      if (this.#dirty.size > 0) await this.#start(this.#capture(this.#dirty));
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  #mark(instance: Instance, sequence: number, now: number): void {
    if (instance.dirtySince === undefined) {
      instance.dirtySince = sequence;
      instance.dirtyAt = now;
      this.#dirty.add(instance);
      if (!this.#writing && this.#captures.size === 0) this.#schedule(now + AGE); // else the end of the writing does
    } else instance.dirtyBehind ??= sequence;
  }

  /** The soonest counts: what changes between a capture and its writing would put off what has waited for longer. */
  #schedule(at: number): void {
    if (this.#isStopped || (this.#next && this.#next.at <= at)) return;
    this.#next?.cancel();
    const cancel = this.#ports.clock.after(Math.max(0, at - this.#ports.clock.now()), () => {
      this.#next = undefined;
      this.#isDue = true;
      this.#whenQuiet();
    });
    this.#next = { at, cancel };
  }

  /** When the instance that has waited for longest is to be written. */
  #scheduleNext(): void {
    const [oldest] = this.#dirty;
    if (oldest) this.#schedule(Math.max(this.#ports.clock.now() + PAUSE, oldest.dirtyAt + AGE));
  }

  /**
   * Those that have waited for long enough, and with them those that have ended: of these nothing is likely to follow, and
   * the sooner they leave memory, the less of them the collector has to move.
   */
  *#ripe(): Iterable<Instance> {
    const latest = this.#ports.clock.now() - AGE;
    for (const instance of this.#dirty) if (instance.dirtyAt <= latest || instance.activation?.hasEnded) yield instance;
  }

  /** When nothing is open, memory is what the last record says; else the next seal captures. */
  #whenQuiet(): void {
    if (!this.#isDue || this.#writing || this.#isStopped || !this.#committer.isQuiet) return;
    void this.#start(this.#capture(this.#ripe()));
  }

  /** From here on, changes are behind this capture. */
  #capture(instances: Iterable<Instance>): Capture {
    this.#isDue = false;
    return Array.from(instances)
      .filter(({ activation }) => activation !== undefined)
      .map((instance) => {
        instance.dirtyBehind = undefined;
        const captured = instance.activation!.capture();
        return [instance, captured && { dropped: instance.activation!.takeDropped(), ...captured }];
      });
  }

  #start(capture: Capture): Promise<void> {
    const { epoch, sequence: logSeq, commit } = this.#tables;
    // What the capture's own record touched is in the capture.
    for (const [instance] of capture) instance.dirtyBehind = undefined;
    this.#loop.begin();
    this.#writing = this.#writeAll(capture, { epoch, logSeq, commit })
      .catch((error: unknown) => {
        if (!this.#isStopped) this.#listener.failed(asError(error));
      })
      .finally(() => {
        this.#writing = undefined;
        this.#loop.end();
        this.#scheduleNext();
      });
    return this.#writing;
  }

  async #writeAll(capture: Capture, stamp: Stamp): Promise<void> {
    const waiting = capture[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const [instance, captured] of waiting) {
        if (this.#isStopped) return;
        const cut = captured && (await this.#heads.write(instance, captured, stamp));
        if (!captured) await this.#heads.forget(instance);
        this.#written(instance, cut);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH, capture.length) }, worker));
  }

  #written(instance: Instance, cut: Cut | undefined): void {
    this.#loop.moved();
    if (cut && instance.activation instanceof OrchestrationActivation) instance.activation.cut(cut);
    instance.dirtySince = instance.dirtyBehind;
    instance.dirtyBehind = undefined;
    this.#dirty.delete(instance);
    if (instance.dirtySince !== undefined) {
      instance.dirtyAt = this.#ports.clock.now();
      this.#dirty.add(instance);
    }
    this.#listener.written(instance);
  }
}
