import { OrchestrationFailedError, type OrchestrationHandle, type TaskHubClient } from 'perdure';
import { Account } from '../../samples/bank/account.js';
import { Transfer, type Receipt } from '../../samples/bank/transfer.js';
import { Counter } from '../../samples/counter/counter.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import type { SeededRandom } from '../../lib/memory/random.js';
import { Broker } from './broker.js';

const accounts = ['a', 'b', 'c', 'd'];
const counters = ['x', 'y', 'z'];
const brokers = ['p', 'q'];
const deposit = 1_000;

/** How many of each were asked for, the sums of counters' signals and the payments of brokers by key. */
interface Asked {
  readonly hellos: number;
  readonly transfers: number;
  readonly signals: Record<string, number>;
  readonly payments: Record<string, number>;
}

/** Asks for hello, counter and bank at random, and remembers what must come of it. */
export class Ledger {
  readonly total = accounts.length * deposit;
  readonly #client: TaskHubClient;
  readonly #random: SeededRandom;
  readonly #counts = new Map<string, number>();
  readonly #payments = new Map<string, number>();
  readonly #hellos: OrchestrationHandle<string[]>[] = [];
  readonly #transfers: OrchestrationHandle<Receipt>[] = [];

  constructor(client: TaskHubClient, random: SeededRandom) {
    this.#client = client;
    this.#random = random;
  }

  /** Fills the accounts. */
  async open(): Promise<void> {
    for (const name of accounts) await this.#client.callEntity(Account, name).deposit({ amount: deposit });
  }

  /** One of each; resolves when all of it is stored. */
  async work(): Promise<OrchestrationHandle<string[]>> {
    await this.#signal();
    const from = this.#one(accounts);
    const to = this.#one(accounts.filter((name) => name !== from));
    this.#transfers.push(
      await this.#client.startNew(Transfer, { from, to, amount: 1 + this.#random.below(2 * deposit) }),
    );
    await this.#signal();
    await this.#pay();
    const hello = await this.#client.startNew(HelloSequence);
    this.#hellos.push(hello);
    return hello;
  }

  /** How many of each were asked for. */
  get asked(): Asked {
    const { length: hellos } = this.#hellos;
    const [signals, payments] = [Object.fromEntries(this.#counts), Object.fromEntries(this.#payments)];
    return { hellos, transfers: this.#transfers.length, signals, payments };
  }

  /** The outputs of all hello sequences. */
  greetings(): Promise<string[][]> {
    return Promise.all(this.#hellos.map((hello) => hello.result()));
  }

  /** How each transfer ended: its amounts, or the message of its failure. */
  transfers(): Promise<(Receipt | string)[]> {
    return Promise.all(this.#transfers.map((transfer) => transfer.result().catch(reasonOf)));
  }

  /** What each counter says. */
  async counted(): Promise<Record<string, number>> {
    const values = counters.map(async (key) => [key, await this.#client.callEntity(Counter, key).get()] as const);
    return Object.fromEntries(await Promise.all(values));
  }

  /** How many payments each broker has been through. */
  async paid(): Promise<Record<string, number>> {
    const values = brokers.map(async (key) => {
      const { paid, refused } = await this.#client.callEntity(Broker, key).done();
      return [key, paid + refused] as const;
    });
    return Object.fromEntries(await Promise.all(values));
  }

  /** What each account holds. */
  balances(): Promise<number[]> {
    return Promise.all(accounts.map((name) => this.#client.callEntity(Account, name).balance()));
  }

  async #signal(): Promise<void> {
    const key = this.#one(counters);
    const by = 1 + this.#random.below(9);
    await this.#client.signalEntity(Counter, key).add({ by });
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  async #pay(): Promise<void> {
    const [key, from, to] = [this.#one(brokers), this.#one(accounts), this.#one(accounts)];
    await this.#client.signalEntity(Broker, key).pay({ from, to, amount: 1 + this.#random.below(deposit) });
    this.#payments.set(key, (this.#payments.get(key) ?? 0) + 1);
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof OrchestrationFailedError) return error.failureDetails.message;
  throw error;
}
