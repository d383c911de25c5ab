import { setTimeout as delay } from 'node:timers/promises';
import { PerdureError, TimeoutError, type TaskHubClient } from 'perdure';
import type { SeededRandom } from '../../../lib/memory/random.js';
import type { Accepted, Sent } from './accepted.js';
import { Orders } from './orders.js';
import { Journal } from './programs.js';

/** Of so many operations, each kind gets its part; orchestrations get the rest: one in twenty. */
const SIGNALS = 0.5;
const RELAYS = 0.55;
const CALLS = 0.8;
const READS = 0.92;
const STATUSES = 0.95;

const JOURNALS = 32;
/** So many operations may wait for their answers; more are not begun. */
const MOST_OPEN = 5_000;

/** One client of the run. */
export interface Sender {
  readonly name: string;
  readonly client: TaskHubClient;
}

/** Asks for operations of every kind, at a steady rate, and notes what it is told of each. */
export class Load {
  readonly orders: Orders;
  readonly #senders: readonly Sender[];
  readonly #random: SeededRandom;
  readonly #accepted: Accepted;
  /** What has no answer yet, and what it is. */
  readonly #open = new Map<Promise<void>, string>();
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  constructor(senders: readonly Sender[], random: SeededRandom, accepted: Accepted) {
    this.#senders = senders;
    this.#random = random;
    this.#accepted = accepted;
    this.orders = new Orders(random.fork(), accepted, (run, what) => this.#track(run, what));
  }

  start(perSecond: number): void {
    this.#running = this.#run(1_000 / perSecond);
  }

  /** Ends the asking; resolves when nothing is asked for any more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Resolves with what is still without an answer, once there is nothing or the time is over. */
  async settle(milliseconds: number, meanwhile: () => Promise<void>): Promise<string[]> {
    const deadline = performance.now() + milliseconds;
    while (this.#open.size > 0 && performance.now() < deadline) {
      await meanwhile();
      await delay(200);
    }
    return [...this.#open.values()];
  }

  async #run(interval: number): Promise<void> {
    let due = performance.now();
    while (!this.#isOver) {
      for (const now = performance.now(); due <= now; due += interval) {
        if (this.#open.size >= MOST_OPEN) continue;
        this.#accepted.operations++;
        this.#one();
      }
      await delay(Math.max(1, due - performance.now()));
    }
  }

  #track(run: Promise<void>, what: string): void {
    const tracked = run
      .catch((error: unknown) => {
        const code = error instanceof PerdureError ? error.code : '';
        this.#accepted.errors.push(`${what}: ${code} ${String(error)}`);
      })
      .finally(() => this.#open.delete(tracked));
    this.#open.set(tracked, what);
  }

  #one(): void {
    const sender = this.#senders[this.#random.below(this.#senders.length)]!;
    const journal = `j${this.#random.below(JOURNALS)}`;
    const kind = this.#random.next();
    if (kind < SIGNALS) this.#track(this.#signal(sender, journal), `signal ${journal}`);
    else if (kind < RELAYS) this.#track(this.#relay(sender, journal), `relay ${journal}`);
    else if (kind < CALLS) this.#track(this.#call(sender, journal), `call ${journal}`);
    else if (kind < READS) this.#track(this.#read(sender, journal), `read ${journal}`);
    else if (kind < STATUSES) this.#track(this.orders.look(sender.client), 'status');
    else this.#track(this.orders.start(sender.client), 'start');
  }

  async #signal({ name, client }: Sender, journal: string): Promise<void> {
    const sent = this.#accepted.notesOf(journal, name);
    const number = ++sent.count;
    await told(sent, number, client.signalEntity(Journal, journal).note({ sender: name, number }));
  }

  /** Journal n relays to journal n + 1. */
  async #relay({ name, client }: Sender, journal: string): Promise<void> {
    const to = `j${(Number(journal.slice(1)) + 1) % JOURNALS}`;
    let relay = this.#accepted.relays.get(journal);
    if (!relay) this.#accepted.relays.set(journal, (relay = { to, accepted: 0, unknown: 0 }));
    const sent = this.#accepted.notesOf(journal, name);
    const number = ++sent.count;
    const answer = await told(sent, number, client.signalEntity(Journal, journal).relay({ sender: name, number, to }));
    if (answer) relay.accepted++;
    else relay.unknown++;
  }

  async #call({ name, client }: Sender, journal: string): Promise<void> {
    const sent = this.#accepted.notesOf(journal, name);
    const number = ++sent.count;
    const began = performance.now();
    const answer = await told(sent, number, client.callEntity(Journal, journal).note({ sender: name, number }));
    if (answer)
      this.#accepted.saw(journal, {
        isRead: false,
        by: `${name} ${number}`,
        began,
        ended: performance.now(),
        version: answer.value,
      });
  }

  async #read({ name, client }: Sender, journal: string): Promise<void> {
    const began = performance.now();
    const { entityState, source } = await client.readEntityState(Journal, journal);
    this.#accepted.reads[source === 'owner' ? 'exact' : 'view']++;
    if (source === 'owner')
      this.#accepted.saw(journal, {
        isRead: true,
        by: `a read by ${name}`,
        began,
        ended: performance.now(),
        version: entityState?.version ?? 0,
      });
  }
}

/** Notes what a client was told of a message; what it was not told in time may have come to pass. */
async function told<T>(sent: Sent, number: number, answer: Promise<T>): Promise<{ readonly value: T } | undefined> {
  try {
    const value = await answer;
    sent.accepted.push(number);
    return { value };
  } catch (error) {
    sent.unknown.push(number);
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}
