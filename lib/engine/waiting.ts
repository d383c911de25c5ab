import { Fifo } from './fifo.js';
import type { Input } from './instance.js';

/** Parked messages of an instance that are not in memory: a part of its box in a page. */
export interface Run {
  readonly page: string;
  readonly from: number;
  readonly end: number;
}

/** How far inputs are to be parked: those that came no later. */
export interface Mark {
  /** The sequence of mail, */
  readonly mail: number;
  /** and the counter of the record of a local message. */
  readonly counter: number;
}

const none: readonly Run[] = [];

/**
 * The inputs that wait for one instance, in their order: the first ones in memory, then parked ones that are only in
 * pages, then those that came later, in memory until they are parked, too.
 */
export class Waiting {
  #front = new Fifo<Input>();
  #runs = none;
  #back: Fifo<Input> | undefined;
  #stored = 0;
  /** About how many bytes of messages it has in memory. */
  bytes = 0;

  /** The inputs in memory. */
  get inMemory(): number {
    return this.#front.length + (this.#back?.length ?? 0);
  }

  get length(): number {
    return this.inMemory + this.#stored;
  }

  /** What has to be read before it can go on. */
  get missing(): Run | undefined {
    return this.#front.length === 0 ? this.#runs[0] : undefined;
  }

  peek(): Input | undefined {
    return this.#front.peek();
  }

  push(input: Input): void {
    this.bytes += input.bytes;
    (this.#back ?? this.#front).push(input);
  }

  shift(): Input | undefined {
    const input = this.#front.shift();
    if (!input) return undefined;
    this.bytes -= input.bytes;
    if (this.#front.length === 0) this.#joinBack();
    return input;
  }

  /** Puts back what was taken last. */
  unshift(input: Input): void {
    this.bytes += input.bytes;
    this.#front.unshift(input);
  }

  /** Puts an input before the others in memory. */
  advance(first: Input): void {
    const others = [...this.#front].filter((input) => input !== first);
    if (others.length === this.#front.length) return;
    this.#front = new Fifo();
    for (const input of [first, ...others]) this.#front.push(input);
  }

  /** Those in memory that stand before what is missing. */
  get front(): Iterable<Input> {
    return this.#front;
  }

  /** Parked messages that a former owner left. */
  putRun(run: Run): void {
    this.#runs = [...this.#runs, run];
    this.#stored += run.end - run.from;
    this.#back ??= new Fifo();
  }

  /** The messages that were missing are here. */
  bring(inputs: readonly Input[]): void {
    const [run, ...rest] = this.#runs;
    if (!run) return;
    this.#runs = rest;
    this.#stored -= run.end - run.from;
    for (const input of inputs) {
      this.bytes += input.bytes;
      this.#front.push(input);
    }
    if (this.#front.length === 0) this.#joinBack();
  }

  /** The inputs that may be parked, in order: all that have a name of their own, up to a mark, behind the current one. */
  *parkable({ mail, counter }: Mark, current?: Input): Iterable<Input> {
    for (const input of this.#all(current)) {
      if (input.parked || (!input.mail && !input.local)) continue;
      if (input.mail ? input.mail[0] > mail : input.local![0] > counter) return;
      if (input.from && !input.from.isAcknowledged) return;
      yield input;
    }
  }

  /**
   * Puts parked inputs in the places of those that they were. The first ones stay in memory, up to so many bytes; of the
   * others, and of those parked before, only where they are.
   */
  settle(parked: ReadonlyMap<Input, Input>, keep: number): void {
    const [front, back] = [new Fifo<Input>(), new Fifo<Input>()];
    const [before, behind]: [Run[], Run[]] = [[], []];
    this.bytes = 0;
    const put = (into: Fifo<Input>, input: Input): void => {
      into.push(input);
      this.bytes += input.bytes;
    };
    for (const was of this.#front) {
      const input = parked.get(was) ?? was;
      if (before.length === 0 && (!input.parked || this.bytes + input.bytes <= keep)) put(front, input);
      else if (input.parked) extend(before, input.parked);
      else put(back, input);
    }
    for (const was of this.#back ?? []) {
      const input = parked.get(was) ?? was;
      if (input.parked) extend(behind, input.parked);
      else put(back, input);
    }
    this.#front = front;
    this.#back = back;
    this.#runs = [...before, ...this.#runs, ...behind];
    this.#stored = this.#runs.reduce((sum, { from, end }) => sum + end - from, 0);
    if (this.#runs.length > 0) return;
    this.#back = undefined;
    for (const input of back) front.push(input);
  }

  *#all(current: Input | undefined): Iterable<Input> {
    if (current) yield current;
    yield* this.#front;
    if (this.#back) yield* this.#back;
  }

  /** Nothing is missing between the first inputs and the last. */
  #joinBack(): void {
    if (this.#runs.length > 0 || !this.#back) return;
    this.#front = this.#back;
    this.#back = undefined;
  }
}

function extend(runs: Run[], [page, index]: readonly [page: string, index: number]): void {
  const last = runs.at(-1);
  if (last?.page === page && last.end === index) runs[runs.length - 1] = { page, from: last.from, end: index + 1 };
  else runs.push({ page, from: index, end: index + 1 });
}
