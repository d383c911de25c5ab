import { setTimeout as delay } from 'node:timers/promises';
import { InstanceEndedError, NotFoundError, TimeoutError, type OrchestrationHandle, type TaskHubClient } from 'perdure';
import type { SeededRandom } from '../../../lib/memory/random.js';
import type { Accepted, Started } from './accepted.js';
import {
  Approval,
  Cargo,
  cargoOf,
  Chain,
  Deal,
  Desk,
  Errand,
  Fan,
  hauled,
  MoveMoney,
  Nap,
  Parent,
  Rounds,
  Squatter,
  stirred,
  type Move,
} from './programs.js';
import { Trading, type Trade } from './pots.js';

const PURSES = 8;
/** What each purse holds in the beginning. */
export const DEPOSIT = 1_000;
export const purses: readonly string[] = Array.from({ length: PURSES }, (_, at) => `p${at}`);

export const holds: readonly string[] = ['h0', 'h1', 'h2', 'h3'];
/** So many numbers a desk takes. */
const ENOUGH = 3;

/** Starts orchestrations of every kind, waits for their ends, and looks at their status in between. */
export class Orders {
  readonly #random: SeededRandom;
  readonly #accepted: Accepted;
  /** Something that goes on beside the operation that began it. */
  readonly #track: (run: Promise<void>, what: string) => void;
  readonly #recent: string[] = [];

  constructor(random: SeededRandom, accepted: Accepted, track: (run: Promise<void>, what: string) => void) {
    this.#random = random;
    this.#accepted = accepted;
    this.#track = track;
  }

  /** Starts one; resolves when the client knows that it is stored. */
  async start(client: TaskHubClient): Promise<void> {
    const order = this.#draw();
    const instanceId = `${order.kind}-${this.#accepted.orchestrations.size}`;
    this.#accepted.orchestrations.set(instanceId, order);
    const handle = client.getHandle<unknown>(instanceId);
    order.beganAt = Date.now();
    try {
      await order.start(client, instanceId);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      // If it has begun all the same, others would wait for its locks until the judgement.
      if (order.kind === 'squatter') this.#track(evict(handle), `termination of ${instanceId}`);
      return;
    }
    order.isAccepted = true;
    this.#recent[this.#random.below(50)] = instanceId;
    this.#track(follow(order, handle), `end of ${instanceId}`);
    if (order.kind === 'approval') this.#track(this.#approve(handle, order.input), `event for ${instanceId}`);
    if (order.kind === 'squatter') this.#track(this.#evict(handle), `termination of ${instanceId}`);
    if (order.kind === 'desk') this.#track(serve(order, client, instanceId), `updates of ${instanceId}`);
  }

  /** Looks at the status of one of the last. */
  async look(client: TaskHubClient): Promise<void> {
    const instanceId = this.#recent[this.#random.below(this.#recent.length)];
    if (instanceId === undefined) return;
    try {
      await client.getHandle(instanceId).status();
    } catch (error) {
      // Nobody could tell in time; that it is accepted and not found would be a loss.
      if (!(error instanceof TimeoutError)) throw error;
    }
  }

  /** An event that may not have been sent is sent again: the first one counts. */
  async #approve(handle: OrchestrationHandle, word: unknown): Promise<void> {
    await delay(this.#random.below(1_000));
    for (;;) {
      try {
        await handle.raiseEvent('Word', word);
        return;
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
      }
    }
  }

  /** A holder of locks goes when it has them, or while it waits for them. */
  async #evict(handle: OrchestrationHandle): Promise<void> {
    await delay(this.#random.below(1_500));
    await evict(handle);
  }

  #draw(): Order {
    const value = this.#random.below(1_000_000);
    const chain = (start: number): number => stirred(stirred(stirred(start)));
    const fan = Array.from({ length: 10 }, (_, at) => stirred(value + at)).reduce((sum, part) => sum + part, 0);
    const [from, to] = [this.#random.below(PURSES), 1 + this.#random.below(PURSES - 1)];
    const move = { from: purses[from]!, to: purses[(from + to) % PURSES]!, amount: 1 + this.#random.below(600) };
    const trade = this.#trade(move);
    const nap = 100 + this.#random.below(3_000);
    const round = { value, left: 3 };
    const hold = holds[this.#random.below(holds.length)]!;
    const orders: readonly Order[] = [
      order('chain', value, chain(value), (client, instanceId) => client.startNew(Chain, value, { instanceId })),
      order('fan', value, fan, (client, instanceId) => client.startNew(Fan, value, { instanceId })),
      order('move', move, undefined, (client, instanceId) => client.startNew(MoveMoney, move, { instanceId })),
      order('deal', move, 'dealt', (client, instanceId) => client.startNew(Deal, move, { instanceId })),
      order('squatter', move, undefined, (client, instanceId) => client.startNew(Squatter, move, { instanceId })),
      order('trade', trade, undefined, (client, instanceId) => client.startNew(Trading, trade, { instanceId })),
      order('nap', nap, undefined, (client, instanceId) => client.startNew(Nap, nap, { instanceId })),
      order('approval', value, value, (client, instanceId) => client.startNew(Approval, undefined, { instanceId })),
      order('parent', value, chain(value) + chain(value + 1), (client, instanceId) =>
        client.startNew(Parent, value, { instanceId }),
      ),
      order('errand', value, stirred(stirred(value)), (client, instanceId) =>
        client.startNew(Errand, value, { instanceId }),
      ),
      order('cargo', { value, hold }, hauled(value), (client, instanceId) =>
        client.startNew(Cargo, { text: cargoOf(value), hold }, { instanceId }),
      ),
      order('desk', ENOUGH, undefined, (client, instanceId) => client.startNew(Desk, ENOUGH, { instanceId })),
      order('rounds', round, chain(value), (client, instanceId) => client.startNew(Rounds, round, { instanceId })),
    ];
    return orders[this.#random.below(orders.length)]!;
  }

  /** A transaction between the pots of the same names; an audit looks at all. */
  #trade({ from, to, amount }: Move): Trade {
    const kind = (['transfer', 'transfer', 'even', 'audit', 'throw'] as const)[this.#random.below(5)]!;
    return { kind, keys: kind === 'audit' ? purses : [from, to], amount };
  }
}

/**
 * Terminates an instance, whatever happens meanwhile. One that is not there by now will not be: messages of a client for one
 * instance keep their order.
 */
export async function evict(handle: OrchestrationHandle): Promise<void> {
  for (;;) {
    try {
      await handle.terminate();
      return;
    } catch (error) {
      if (error instanceof InstanceEndedError || error instanceof NotFoundError) return;
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
}

interface Order extends Started {
  readonly start: (client: TaskHubClient, instanceId: string) => Promise<unknown>;
}

function order(kind: string, input: unknown, expected: unknown, start: Order['start']): Order {
  return { kind, input, expected, start, isAccepted: false, beganAt: 0, answers: [] };
}

/** Sends a desk numbers until it has ended; one whose outcome is not known may have been taken, and is not sent again. */
export async function serve({ answers }: Started, client: TaskHubClient, instanceId: string): Promise<void> {
  const handle = client.getHandle(Desk, instanceId);
  for (let number = 1; ; number++)
    try {
      answers.push([number, await handle.update().take(number)]);
    } catch (error) {
      if (error instanceof InstanceEndedError) return;
      if (!(error instanceof TimeoutError)) throw error;
    }
}

/** Waits for the end of an instance and notes it. */
export async function follow(started: Started, handle: OrchestrationHandle, milliseconds?: number): Promise<void> {
  try {
    started.output = await handle.result({ timeoutInMilliseconds: milliseconds });
  } catch (error) {
    if (error instanceof TimeoutError) return;
    started.error = error instanceof NotFoundError ? 'lost' : String(error);
  }
  started.endedAt = Date.now();
}
