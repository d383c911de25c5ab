import type { HubPorts } from '../engine/ports.js';
import { ClosedError, RemoteError } from '../errors.js';
import { partitionOf } from '../wire/addresses.js';
import { decodeAnswer, encodeQuery } from '../wire/answer-codec.js';
import type { Address } from '../wire/messages.js';
import type { Answer, Query } from '../wire/queries.js';

/** A query without an answer after this time counts as lost, in milliseconds. */
const DEADLINE = 1_500;
/** An owner that is far away needs longer: who asks again after silence waits twice as long, up to so many. */
const LONGEST_DEADLINE = 12_000;

/** How long to wait for the answer to a query that was asked before so many times in vain, in milliseconds. */
export function deadlineAfter(silences: number): number {
  return Math.min(DEADLINE * 2 ** silences, LONGEST_DEADLINE);
}

/** What a query of a kind is answered with. */
type AnswerTo<Q extends Query> = Extract<Answer, { readonly kind: Q['kind'] }>;

/** Why there is no answer: nobody listens where the owner would, or nothing came in time. */
export type NoAnswer = 'noOwner' | 'silence';

/** Whether there is an answer. */
export function isAnswer<T extends object>(answer: T | NoAnswer): answer is T {
  return typeof answer === 'object';
}

/** Exact reads, asked of the owner of an instance's partition (C11). */
export class OwnerQueries {
  readonly #ports: HubPorts;
  readonly #inbox: string;
  readonly #open = new Set<() => void>();
  #asked = 0;
  #isClosed = false;

  constructor(ports: HubPorts, prefix: string) {
    this.#ports = ports;
    this.#inbox = `${prefix}.q.`;
  }

  /** Asks once, and waits so many milliseconds. Throws RemoteError when the owner could not tell, and ClosedError once closed. */
  ask<Q extends Query>(address: Address, query: Q, deadline = DEADLINE): Promise<AnswerTo<Q> | NoAnswer> {
    return this.askPartition(partitionOf(address, this.#ports.partitions), query, deadline);
  }

  /** Asks the owner of a partition once. Throws as `ask`. */
  async askPartition<Q extends Query>(
    partition: number,
    query: Q,
    deadline = DEADLINE,
  ): Promise<AnswerTo<Q> | NoAnswer> {
    const body = await this.#request(partition, encodeQuery(query), deadline);
    if (typeof body === 'string') return body;
    const decoded = decodeAnswer(body);
    if ('refused' in decoded) {
      const instance = `partition ${partition}`;
      this.#ports.logger.warn(`An answer cannot be read: ${decoded.refused}`, { instance });
      return 'silence';
    }
    if (decoded.value.kind === 'failed') throw new RemoteError(decoded.value.failure);
    return decoded.value.kind === query.kind ? (decoded.value as AnswerTo<Q>) : 'silence';
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#open) end();
  }

  #request(partition: number, body: Uint8Array, deadline: number): Promise<Uint8Array | NoAnswer> {
    if (this.#isClosed) return Promise.reject(new ClosedError('The client is closed.'));
    const { bus, clock, subjects } = this.#ports;
    const inbox = `${this.#inbox}${++this.#asked}`;
    return new Promise((resolve) => {
      const end = (answer: Uint8Array | NoAnswer): void => {
        cancel();
        subscription.close();
        this.#open.delete(giveUp);
        resolve(answer);
      };
      const giveUp = (): void => end('silence');
      // The server says with an empty message that nobody listens.
      const subscription = bus.subscribe(inbox, (answer) => end(answer.length === 0 ? 'noOwner' : answer));
      const cancel = clock.after(deadline, giveUp);
      this.#open.add(giveUp);
      bus.publish(subjects.partition(partition).queries, body, inbox);
    });
  }
}
