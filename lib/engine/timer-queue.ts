/** Something due at a time. */
export interface Timed {
  /** Milliseconds since 1970, the server's. */
  readonly at: number;
}

/** A binary heap: the earliest first; of equal times, any order. */
export class TimerQueue<T extends Timed> {
  readonly #heap: T[] = [];

  get length(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0];
  }

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = heap[up]!;
      if (above.at <= item.at) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = item;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(item: T): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && heap[down + 1]!.at < heap[down]!.at) down++;
      const below = heap[down]!;
      if (below.at >= item.at) break;
      heap[at] = below;
      at = down;
    }
    heap[at] = item;
  }
}
