import type { HistoryEvent, InboundEvent } from '../core/history.js';
import { CorruptHistoryError } from '../errors.js';
import { decodeSegment, encodeSegment } from '../wire/head-codec.js';
import type { OrchestrationHead, SegmentReference } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import { lookFor, RETRY } from './looks.js';
import type { PartitionPorts, StoredMessage } from './ports.js';
import { cutSegments } from './segment-cuts.js';

/** A deposed leader may not know a segment yet; after so many looks it is gone (P11). */
const LOOKS = 100;

/**
 * The stored parts of long heads: events in order, each part a message of its own.
 *
 * P14. A segment is created and never changed; the head that names it is stored after it. One that no stored head names
 *      any more is removed by its sequence.
 */
export class Segments {
  readonly #ports: Pick<PartitionPorts, 'views' | 'clock' | 'subjects'>;
  readonly #epoch: number;
  #count = 0;

  constructor(ports: Pick<PartitionPorts, 'views' | 'clock' | 'subjects'>, epoch: number) {
    this.#ports = ports;
    this.#epoch = epoch;
  }

  /** The events of the segments, in order. Throws CorruptHistoryError. */
  async read<E extends HistoryEvent>(references: readonly SegmentReference[], address: Address): Promise<E[]> {
    const parts = await Promise.all(
      references.map(async ({ subject, sequence }) => {
        const where = `Segment ${subject} (${sequence}) of ${address}`;
        const stored = await this.#find(subject);
        if (!stored) throw new CorruptHistoryError(`${where} is gone`);
        return decodeSegment(stored.body, where);
      }),
    );
    return parts.flat() as E[];
  }

  /** A segment that a stored head names. */
  #find(subject: string): Promise<StoredMessage | undefined> {
    const { views, clock } = this.#ports;
    return lookFor(
      clock,
      LOOKS,
      () => views.read(subject),
      (stored) => stored !== undefined,
    );
  }

  /** The events of a head's history that it keeps in segments, and those that it holds back there, in order. */
  async earlier(
    head: OrchestrationHead,
    address: Address,
  ): Promise<{ readonly history: readonly HistoryEvent[]; readonly held: readonly InboundEvent[] }> {
    const [history, held] = await Promise.all([
      this.read<HistoryEvent>(head.segments, address),
      this.read<InboundEvent>(head.held ?? [], address),
    ]);
    return { history, held };
  }

  /** Stores events behind those of these segments; all references, the new ones included. */
  async append(
    address: Address,
    executionId: string,
    references: readonly SegmentReference[],
    events: readonly (HistoryEvent | InboundEvent)[],
  ): Promise<readonly SegmentReference[]> {
    const all = [...references];
    let first = (all.at(-1)?.last ?? -1) + 1;
    for (const part of cutSegments(events)) {
      const subject = this.#ports.subjects.segment(address, executionId, this.#epoch, this.#count++);
      const sequence = await this.#create(subject, encodeSegment(part));
      all.push({ subject, sequence, first, last: first + part.length - 1 });
      first += part.length;
    }
    return all;
  }

  async remove(references: readonly SegmentReference[]): Promise<void> {
    for (const { subject, sequence } of references) await this.#ports.views.remove(subject, sequence);
  }

  async #create(subject: string, body: Uint8Array): Promise<number> {
    const { views, clock } = this.#ports;
    for (;;) {
      const sequence = await views.write(subject, body, 0);
      if (sequence !== undefined) return sequence;
      const stored = await views.read(subject);
      if (stored) return stored.sequence; // the name is this owner's alone: an unclear write was stored
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }
}
