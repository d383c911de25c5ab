import type { MemoryStream } from './stream.js';
import type { SeededRandom } from './random.js';
import type { MemoryTasks } from './tasks.js';
import type { MemoryWorld } from './world.js';

interface Request {
  /** Undefined once it is carried out. */
  act: (() => void) | undefined;
  /** Whether anybody is told. */
  isLost: boolean;
}

/**
 * The server behind a task hub. A kill with -9 loses nothing that it acknowledged; of what real servers may do then,
 * a seeded source picks: requests under way are carried out or not, message ids may be forgotten, and the state of work queues
 * may go back in time, so that what was acknowledged there is delivered once more.
 */
export class MemoryServer {
  readonly #world: MemoryWorld;
  readonly #streams: () => Iterable<MemoryStream>;
  readonly #tasks: MemoryTasks;
  readonly #underway = new Set<Request>();
  #isUp = true;

  constructor(world: MemoryWorld, streams: () => Iterable<MemoryStream>, tasks: MemoryTasks) {
    this.#world = world;
    this.#streams = streams;
    this.#tasks = tasks;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Carries a request out when it arrives, and hands over the answer when that has arrived, if either comes to pass. */
  request<T>(
    act: () => T,
    times: { readonly arrival: number; readonly answer: number },
    told: (value: T) => void,
  ): void {
    const { scheduler } = this.#world;
    let value: T;
    const request: Request = { act: () => void (value = act()), isLost: false };
    this.#underway.add(request);
    scheduler.after(times.arrival, () => {
      if (!this.#isUp) request.isLost = true;
      if (!request.isLost) request.act?.();
      request.act = undefined;
      scheduler.after(times.answer, () => {
        this.#underway.delete(request);
        if (!request.isLost) told(value);
      });
    });
  }

  /** Dies now, and serves again after a time in milliseconds. */
  kill(downtime: number, random: SeededRandom): void {
    for (const request of this.#underway) {
      if (this.#isUp && random.next() < 0.5) request.act?.();
      request.act = undefined;
      request.isLost = true;
    }
    this.#isUp = false;
    const share = random.next() < 0.5 ? 0 : random.next();
    const isForgotten = (): boolean => random.next() < share;
    for (const stream of this.#streams()) stream.forgetIds(isForgotten);
    this.#world.scheduler.after(downtime, () => {
      this.#isUp = true;
      this.#tasks.goBack(isForgotten);
    });
  }
}
