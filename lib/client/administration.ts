import type { EntityId } from '../core/history.js';
import { ConfigError, TimeoutError } from '../errors.js';
import { entityAddress, parseAddress, partitionOf } from '../wire/addresses.js';
import type { PartitionInspection } from '../wire/inspection.js';
import type { Answer, Query } from '../wire/queries.js';
import type { ClientSession } from './client-session.js';
import { isAnswer } from './owner-queries.js';

/** The pause before a partition is asked again that nobody answered for, in milliseconds. */
const PAUSE = 250;

/** A partition as an operator sees it: what its owner says, or that it has none. */
export type PartitionStatus = PartitionInspection | { readonly partition: number; readonly worker: undefined };

/** How an instance is released from quarantine. */
export interface ReleaseOptions {
  /**
   * Whether the message that it was to take next is discarded. Who waits for its answer gets MessageDiscardedError; any
   * other goes to the dead letters. Default false: it is taken again.
   */
  readonly discard?: boolean | undefined;
}

/** What people who operate a task hub ask of its workers. */
export class Administration {
  readonly #session: ClientSession;
  readonly #timeout: number;

  /** @param timeout how long to wait for an owner, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#session = session;
    this.#timeout = timeout;
  }

  inspect(): Promise<readonly PartitionStatus[]> {
    const partitions = Array.from({ length: this.#session.ports.partitions }, (_, partition) => partition);
    return this.#session.waits.whileOpen(() => Promise.all(partitions.map((partition) => this.#inspect(partition))));
  }

  async #inspect(partition: number): Promise<PartitionStatus> {
    const answer = await this.#session.queries.askPartition(partition, { v: 1, kind: 'inspect' });
    return isAnswer(answer) ? answer.inspection : { partition, worker: undefined };
  }

  release(address: string, discard: boolean): Promise<boolean> {
    checkAddress(address);
    return this.#until(address, { v: 1, kind: 'release', address, discard }, ({ released }) => released);
  }

  /** Breaks the lock that the entity has now, and no later one however often it is asked. */
  async breakLock(entity: EntityId): Promise<boolean> {
    const address = entityAddress(entity);
    let fence: number | undefined;
    await this.#until(address, { v: 1, kind: 'mailbox', entity }, ({ mailbox: { locked } }) => {
      fence = locked?.fencingNumber;
      return fence !== undefined;
    });
    if (fence === undefined) return false;
    return this.#until(address, { v: 1, kind: 'breakLock', address, fence }, ({ broken }) => broken);
  }

  /** Asks until an owner has answered: asking twice is harmless. */
  #until<Q extends Query>(
    address: string,
    query: Q,
    isDone: (answer: Extract<Answer, { kind: Q['kind'] }>) => boolean,
  ): Promise<boolean> {
    const partition = partitionOf(address, this.#session.ports.partitions);
    const late = () =>
      new TimeoutError(`No worker that owns partition ${partition} answered within ${this.#timeout} ms. Start one.`);
    return this.#session.waits.within<boolean>({ timeoutInMilliseconds: this.#timeout }, late, async (wait) => {
      for (let isAgain = false; ; isAgain = true) {
        const answer = await this.#session.queries.askPartition(partition, query);
        if (isAnswer(answer)) return wait.succeed(isDone(answer) || isAgain);
        await wait.pause(PAUSE);
        if (wait.isOver) return;
      }
    });
  }
}

function checkAddress(address: string): void {
  try {
    parseAddress(address);
  } catch (error) {
    throw new ConfigError(
      `instance: ${JSON.stringify(address)} is no address. An instance is named as inspect() and the log name it: ` +
        'o.<instance id> or e.<entity name>.<entity key>, encoded.',
      { cause: error },
    );
  }
}
