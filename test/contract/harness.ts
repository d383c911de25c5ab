import type { ExecutionContext } from 'ava';
import type { HubStore } from '../../lib/engine/hub-store.js';
import type {
  Logger,
  Mailbox,
  PartitionPorts,
  StoredMessage,
  Subscription,
  TaskQueues,
} from '../../lib/engine/ports.js';

/** A fresh task hub of two partitions behind the ports, and the way to make time pass for it. */
export interface PortsHarness {
  readonly hub: string;
  readonly store: HubStore;
  readonly tasks: TaskQueues;
  readonly ports: (partition: number) => PartitionPorts;
  /** Waits for a promise of a port, driving virtual time where time is virtual. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  /** Closes the connection behind the ports. */
  readonly close: () => Promise<void>;
}

/** Adds a test of the contract, run on a fresh harness. */
export type Check = (title: string, body: (t: ExecutionContext, harness: PortsHarness) => Promise<void>) => void;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (message: StoredMessage | undefined): string | undefined =>
  message && new TextDecoder().decode(message.body);

/** A logger that keeps what it is told. */
export function recordingLogger(lines: string[] = []): Logger {
  const keep = (message: string): void => void lines.push(message);
  return { debug: keep, info: keep, warn: keep, error: keep };
}

/** Collects what a mailbox delivers. */
export class Inbox {
  readonly messages: StoredMessage[] = [];
  readonly gaps: (readonly [from: number, to: number])[] = [];
  readonly regressions: number[] = [];
  readonly #subscription: Subscription;
  #waiting: { count: number; done: () => void }[] = [];

  constructor(mailbox: Mailbox, from: number) {
    this.#subscription = mailbox.consume(
      from,
      async (batch) => {
        this.messages.push(...batch);
        this.#wake();
      },
      {
        onGap: (first, last) => void this.gaps.push([first, last]),
        onRegressed: (sequence) => void this.regressions.push(sequence),
      },
    );
  }

  get texts(): (string | undefined)[] {
    return this.messages.map(text);
  }

  get sequences(): number[] {
    return this.messages.map((message) => message.sequence);
  }

  /** Resolves when so many messages came in all. */
  count(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, done: resolve });
      this.#wake();
    });
  }

  close(): void {
    this.#subscription.close();
  }

  #wake(): void {
    for (const { count, done } of this.#waiting) if (this.messages.length >= count) done();
  }
}

/** All that an iteration yields. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}
