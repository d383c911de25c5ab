/** A queue: first in, first out, both in constant time. */
export class Fifo<T> {
  #items: T[] = empty;
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    if (this.#items.length === 0) this.#items = [item];
    else this.#items.push(item);
  }

  /** Puts back what was shifted last. */
  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items = [item, ...this.#items];
  }

  /** Takes an item out, wherever it stands; false: it is not here. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]!;
  }

  shift(): T | undefined {
    if (this.length <= 1) return this.#last();
    const item = this.#items[this.#head++];
    if (this.#head > 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes the only item. No room is kept for the next one: of the queues of instances that rest there are many. */
  #last(): T | undefined {
    const item = this.peek();
    this.#items = empty;
    this.#head = 0;
    return item;
  }
}

/** Of queues in which nothing is: nothing is put here. */
const empty: never[] = [];
