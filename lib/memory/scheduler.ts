/**
 * Virtual time: a queue of events, each run at its moment and never before all promise jobs of the event before it have
 * ended. Two runs that schedule the same events pass through the same states.
 */
export class Scheduler {
  #now = 0;
  #scheduled = 0;
  readonly #queue: Event[] = [];

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Runs something after a delay in virtual milliseconds; events of one moment run in order of scheduling. */
  after(milliseconds: number, run: () => void): () => void {
    const event: Event = { time: this.#now + Math.max(0, milliseconds), order: this.#scheduled++, run };
    push(this.#queue, event);
    return () => {
      event.run = undefined;
    };
  }

  /** Lets virtual time pass, running all that falls due. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await this.#drive((next) => next === undefined || next.time > until);
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Lets virtual time pass until a promise settles, and returns what it settles to. Fails when nothing is left that could
   * settle it, or after the limit in virtual milliseconds (default: an hour).
   */
  async settle<T>(promise: Promise<T>, limit = 3_600_000): Promise<T> {
    const until = this.#now + limit;
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.#drive((next) => {
      if (isSettled) return true;
      if (!next) throw new Error(`Stuck at ${this.#now} ms: nothing is left that could settle the promise`);
      if (next.time > until) throw new Error(`Stuck: the promise did not settle within ${limit} ms`);
      return false;
    });
    return promise;
  }

  /** Runs events until there is nothing more to do before the next one. By callbacks: there are thousands a second. */
  #drive(isOver: (next: Event | undefined) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (isOver(this.#next())) return resolve();
          this.#run();
          afterPromiseJobs(turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      afterPromiseJobs(turn);
    });
  }

  /** The first event that is not cancelled: most deadlines are, and take no turn. */
  #next(): Event | undefined {
    while (this.#queue[0] && !this.#queue[0].run) pop(this.#queue);
    return this.#queue[0];
  }

  #run(): void {
    const event = pop(this.#queue);
    this.#now = Math.max(this.#now, event?.time ?? 0);
    event?.run?.();
  }
}

interface Event {
  readonly time: number;
  readonly order: number;
  /** Undefined once cancelled. */
  run: (() => void) | undefined;
}

/** So often the platform's own timers and IO get their turn. */
const TURN = 256;
let turns = 0;

const done = Promise.resolve();

/**
 * Calls when all promise jobs have ended, however many promises they chain: they run before the next tick, which costs a
 * fraction of a macrotask. Now and then one of those must be, so that a test's own timeout can end it.
 */
function afterPromiseJobs(call: () => void): void {
  if (++turns % TURN === 0) setImmediate(call);
  else void done.then(() => process.nextTick(call));
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (!above || !isBefore(event, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const moved = heap.pop();
  if (!moved || moved === first) return first;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = left && right && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
    const below = heap[child];
    if (!below || !isBefore(below, moved)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = moved;
  return first;
}
