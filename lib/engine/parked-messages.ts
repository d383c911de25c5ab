import type { Address } from '../wire/messages.js';
import type { Parking } from '../wire/parked.js';

/** Messages of one instance that wait in a page. */
interface Box {
  from: number;
  readonly end: number;
  readonly bytes: number;
  readonly control?: number | undefined;
}

interface Page {
  readonly sequence: number;
  readonly boxes: Map<Address, Box>;
}

/**
 * The part of a partition's tables that knows which parked messages wait, and in which pages (P4). An instance's
 * messages wait in the order of the pages, and within a page in that of its box.
 */
export class ParkedMessages {
  /** By name, in the order in which they were recorded. */
  readonly #pages = new Map<string, Page>();
  /** Pages in which nothing waits any more, and that may not have been removed yet. */
  readonly #emptied = new Map<string, number>();

  /** A record parks messages. */
  park({ page, sequence, boxes }: Parking): void {
    const waiting = boxes.map(({ to, from, end, bytes, control }) => [to, { from, end, bytes, control }] as const);
    if (waiting.length > 0) this.#pages.set(page, { sequence, boxes: new Map(waiting) });
    else this.#emptied.set(page, sequence);
  }

  /** A step consumed a parked message: all before it in its box were. */
  consume(to: Address, page: string, index: number): void {
    const found = this.#pages.get(page);
    const box = found?.boxes.get(to);
    if (!found || !box) return;
    box.from = index + 1;
    if (box.from < box.end) return;
    found.boxes.delete(to);
    if (found.boxes.size > 0) return;
    this.#pages.delete(page);
    this.#emptied.set(page, found.sequence);
  }

  /** Pages that may be removed, and their sequences. */
  get emptied(): ReadonlyMap<string, number> {
    return this.#emptied;
  }

  /** A page is removed from the stream. */
  forget(page: string): void {
    this.#emptied.delete(page);
  }

  /** All pages, in order: what waits in them, nothing in those that may be removed. */
  snapshot(): readonly Parking[] {
    return [
      ...Array.from(this.#emptied, ([page, sequence]) => ({ page, sequence, boxes: [] })),
      ...Array.from(this.#pages, ([page, { sequence, boxes }]) => ({
        page,
        sequence,
        boxes: Array.from(boxes, ([to, { from, end, bytes, control }]) => ({
          to,
          from,
          end,
          bytes,
          ...(control !== undefined && { control }),
        })),
      })),
    ];
  }
}
