import type { InputBody } from './activation.js';
import { overtakes } from './entity-locks.js';
import { Fifo } from './fifo.js';
import type { Input } from './instance.js';

/** Parked messages of an instance that are not in memory: a part of its box in a page. */
export interface Run {
  readonly page: string;
  readonly from: number;
  readonly end: number;
  /** The index of the last one that concerns the instance as a whole; undefined: none does. */
  readonly control?: number | undefined;
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
 * Whether a message is a request to an orchestration instance as a whole, or a start: that can be decided without its code.
 * A start that is repeated may be one that rewinds.
 */
export function concernsWhole(body: InputBody): boolean {
  return body.kind === 'control' || (body.kind === 'start' && !body.isRepeated);
}

/**
 * The inputs that wait for one instance, in their order: the first ones in memory, then parked ones that are only in
 * pages, then those that came later, in memory until they are parked, too. What overtakes stands before all of them.
 */
export class Waiting {
  #overtaking: Fifo<Input> | undefined;
  #front = new Fifo<Input>();
  #runs = none;
  /** So many of the runs, the first ones, are of what overtakes the others: of holders that have lost their lock. */
  #ahead = 0;
  #back: Fifo<Input> | undefined;
  #stored = 0;
  /** How many of those in memory concern the instance as a whole. */
  #controls = 0;
  /** About how many bytes of messages it has in memory. */
  bytes = 0;

  /** The inputs in memory. */
  get inMemory(): number {
    return (this.#overtaking?.length ?? 0) + this.#front.length + (this.#back?.length ?? 0);
  }

  get length(): number {
    return this.inMemory + this.#stored;
  }

  /** The parked messages that stand next behind those in memory, and are to be read before those that came later. */
  get missing(): Run | undefined {
    return this.#runs[0];
  }

  /** All such. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Whether a parked input is still to be taken, and not in memory. */
  has({ parked }: Input): boolean {
    if (!parked) return false;
    const [name, index] = parked;
    return this.#runs.some(({ page, from, end }) => page === name && from <= index && index < end);
  }

  /** What has waited for longest of all that came in messages. */
  get oldest(): Input | Run | undefined {
    for (const input of this.#front) if (input.mail || input.local || input.parked) return input;
    return this.#runs[0] ?? this.#overtaking?.peek();
  }

  /** Whether one of them concerns the instance as a whole. */
  get hasControl(): boolean {
    return this.#controls > 0 || this.#runs.some(({ from, control }) => control !== undefined && control >= from);
  }

  peek(): Input | undefined {
    return this.#overtaking?.peek() ?? this.#front.peek();
  }

  push(input: Input): void {
    this.#count(input, 1);
    if (overtakes(input.body)) (this.#overtaking ??= new Fifo()).push(input);
    else (this.#back ?? this.#front).push(input);
  }

  shift(): Input | undefined {
    const input = this.#overtaking?.shift() ?? this.#front.shift();
    if (!input) return undefined;
    this.#count(input, -1);
    if (this.#overtaking?.length === 0) this.#overtaking = undefined;
    if (this.#front.length === 0) this.#joinBack();
    return input;
  }

  /** Puts back what was taken last. */
  unshift(input: Input): void {
    this.#count(input, 1);
    if (overtakes(input.body)) (this.#overtaking ??= new Fifo()).unshift(input);
    else this.#front.unshift(input);
  }

  /** Puts an input that overtakes nothing by itself before the others, also before those that are parked. */
  advance(first: Input): void {
    const isOther = (input: Input): boolean => input !== first;
    const [front, back] = [[...this.#front], [...(this.#back ?? [])]];
    if (front.every(isOther) && back.every(isOther)) return;
    this.#front = fifoOf([first, ...front.filter(isOther)]);
    if (this.#back) this.#back = fifoOf(back.filter(isOther));
  }

  /** Takes an input out that overtakes nothing, and is not parked, whatever stands before it; false: it is not here. */
  remove(input: Input): boolean {
    if (!this.#front.remove(input) && !this.#back?.remove(input)) return false;
    this.#count(input, -1);
    if (this.#front.length === 0) this.#joinBack();
    return true;
  }

  /** All that are in memory. */
  get here(): Iterable<Input> {
    return this.#all(undefined);
  }

  /** Parked messages that a former owner left. */
  putRun(run: Run): void {
    this.#runs = [...this.#runs, run];
    this.#stored += run.end - run.from;
    this.#back ??= new Fifo();
  }

  /** The messages of a run are here. Others may have come to stand before it while it was read: then they are first. */
  bring(run: Run, inputs: readonly Input[]): void {
    const [next, ...rest] = this.#runs;
    if (next !== run) return;
    this.#runs = rest;
    this.#ahead = Math.max(0, this.#ahead - 1);
    this.#stored -= run.end - run.from;
    for (const input of inputs) {
      this.#count(input, 1);
      this.#front.push(input);
    }
    if (this.#front.length === 0) this.#joinBack();
  }

  /** The inputs that may be parked, in order: all that have a name of their own, up to a mark, behind the current one. */
  *parkable({ mail, counter }: Mark, current?: Input): Iterable<Input> {
    for (const input of this.#all(current)) {
      if (input.parked || (!input.mail && !input.local)) continue;
      const isLater = input.mail ? input.mail[0] > mail : input.local![0] > counter;
      if (!isLater && (!input.from || input.from.isAcknowledged)) yield input;
      else if (!overtakes(input.body)) return;
    }
  }

  /**
   * Puts parked inputs in the places of those that they were. The first ones stay in memory, up to so many bytes; of the
   * others, and of those parked before, only where they are.
   */
  settle(parked: ReadonlyMap<Input, Input>, keep: number): void {
    const [front, back] = [new Fifo<Input>(), new Fifo<Input>()];
    const [first, ahead, before, behind]: [Run[], Run[], Run[], Run[]] = [[], [], [], []];
    this.bytes = this.#controls = 0;
    const overtaking = new Fifo<Input>();
    const put = (into: Fifo<Input>, input: Input): void => {
      into.push(input);
      this.#count(input, 1);
    };
    for (const was of this.#overtaking ?? []) {
      const input = parked.get(was) ?? was;
      if (input.parked) extend(ahead, input, input.parked);
      else put(overtaking, input);
    }
    for (const was of this.#front) {
      const input = parked.get(was) ?? was;
      const isFirst = ahead.length + first.length + before.length === 0;
      if (isFirst && (!input.parked || this.bytes + input.bytes <= keep)) put(front, input);
      else if (input.parked)
        extend(overtakes(input.body) ? first : before, input, input.parked); // brought back from ahead
      else put(back, input);
    }
    for (const was of this.#back ?? []) {
      const input = parked.get(was) ?? was;
      if (input.parked) extend(behind, input, input.parked);
      else put(back, input);
    }
    this.#overtaking = overtaking.length > 0 ? overtaking : undefined;
    this.#front = front;
    this.#back = back;
    const [former, rest] = [this.#runs.slice(0, this.#ahead), this.#runs.slice(this.#ahead)];
    this.#ahead += first.length + ahead.length;
    this.#runs = [...first, ...former, ...ahead, ...before, ...rest, ...behind];
    this.#stored = this.#runs.reduce((sum, { from, end }) => sum + end - from, 0);
    if (this.#runs.length > 0) return;
    this.#back = undefined;
    for (const input of back) front.push(input);
  }

  #count({ body, bytes }: Input, times: 1 | -1): void {
    this.bytes += times * bytes;
    if (concernsWhole(body)) this.#controls += times;
  }

  *#all(current: Input | undefined): Iterable<Input> {
    if (current) yield current;
    if (this.#overtaking) yield* this.#overtaking;
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

function fifoOf(inputs: readonly Input[]): Fifo<Input> {
  const fifo = new Fifo<Input>();
  for (const input of inputs) fifo.push(input);
  return fifo;
}

function extend(runs: Run[], { body }: Input, [page, index]: readonly [page: string, index: number]): void {
  const last = runs.at(-1);
  const isNext = last?.page === page && last.end === index;
  const control = concernsWhole(body) ? index : isNext ? last.control : undefined;
  const run = { page, from: isNext ? last.from : index, end: index + 1, control };
  if (isNext) runs[runs.length - 1] = run;
  else runs.push(run);
}
