import { ClosedError } from '../errors.js';
import { decodeHead } from '../wire/head-codec.js';
import type { Address } from '../wire/messages.js';
import type { Head } from '../wire/head.js';
import { isUnreadable } from './damage.js';
import { EARLY_EVENTS_KEPT, earlyUntil } from './early-events.js';
import type { Loop, Loops } from './loops.js';
import { isEnd } from './orchestration-state.js';
import type { PartitionPorts } from './ports.js';

/** The wait before each sweep, in milliseconds. */
const PAUSE = 3_600_000;

/** What a sweep goes by. */
export interface Sweeping {
  /** How long events wait for the start of their instance, in milliseconds. */
  readonly earlyEventsKept?: number | undefined;
}

/**
 * Finds the instances of a partition that have ended so long ago that they are not kept any more, and those whose events
 * have waited too long for a start. A head only hints at that: the instance is told, and decides. An owner looks once at what former owners have left, and from then on only if
 * there is anything that is not kept for ever.
 */
export class RetentionSweep {
  readonly #ports: PartitionPorts;
  readonly #earlyEventsKept: number;
  readonly #due: (address: Address) => void;
  /** Whether heads written by this owner say that an instance is not kept for ever. */
  readonly #isWritten: () => boolean;
  /** Whether the last sweep saw such a head; so it may be as long as there was none. */
  #isSeen = true;
  readonly #loop: Loop;
  #cancel = (): void => {};
  #isStopped = false;

  constructor(
    ports: PartitionPorts,
    { earlyEventsKept = EARLY_EVENTS_KEPT }: Sweeping,
    due: (address: Address) => void,
    isWritten: () => boolean,
    loops: Loops,
  ) {
    this.#loop = loops.add('the sweep for instances that are not kept any more');
    this.#ports = ports;
    this.#earlyEventsKept = earlyEventsKept;
    this.#due = due;
    this.#isWritten = isWritten;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  start(): void {
    this.#cancel = this.#ports.clock.after(PAUSE, () => {
      this.#run()
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          this.#loop.end();
          if (!this.#isStopped) this.start();
        });
    });
  }

  async #run(): Promise<void> {
    if (!this.#isSeen && !this.#isWritten()) return;
    let isSeen = false;
    this.#loop.begin();
    const { views, subjects, clock } = this.#ports;
    const now = clock.now();
    for await (const { subject, body } of views.scan(subjects.heads)) {
      if (this.#isStopped) return;
      this.#loop.moved();
      const address = subjects.addressOf(subject);
      if (address === undefined || !/"(?:retention|early)"/.test(utf8.decode(body))) continue;
      const dueAt = this.#dueAt(body, subject, address);
      if (dueAt === undefined) continue;
      isSeen = true;
      if (dueAt <= now) this.#due(address);
    }
    this.#isSeen = isSeen;
  }

  /** When something of an instance is not kept any more; undefined: all of it is kept for ever, or it cannot be read. */
  #dueAt(body: Uint8Array, subject: string, instance: Address): number | undefined {
    try {
      return this.#dueBy(decodeHead(body, `Head ${subject}`));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#ports.logger.error(`It is kept: ${error.message}`, { instance });
      return undefined;
    }
  }

  #dueBy(head: Head): number | undefined {
    if (head.type === 'early') return earlyUntil(head.events, this.#earlyEventsKept);
    if (head.type !== 'orchestration' || head.retention === undefined) return undefined;
    return isEnd(head.status) ? head.updatedAt + head.retention : Infinity;
  }

  /** What a sweep does not find, a later one does. */
  #failed(error: unknown): void {
    if (this.#isStopped || error instanceof ClosedError) return;
    this.#ports.logger.error(`A sweep for instances that are not kept any more failed: ${String(error)}`, {
      instance: `partition ${this.#ports.subjects.partition}`,
    });
  }
}

const utf8 = new TextDecoder();
