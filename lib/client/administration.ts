import type { EntityId } from '../core/history.js';
import { ConfigError, TimeoutError } from '../errors.js';
import { entityAddress, parseAddress, partitionOf } from '../wire/addresses.js';
import type { PartitionInspection } from '../wire/inspection.js';
import type { Answer, Query } from '../wire/queries.js';
import type { ClientSession } from './client-session.js';
import { deadlineAfter, isAnswer } from './owner-queries.js';
import { limitsOf, notInTime, type CallOptions } from './waits.js';

/** The pause before a partition is asked again that nobody answered for, in milliseconds. */
const PAUSE = 250;

/** A partition as an operator sees it: what its owner says, or that it has none. */
export type PartitionStatus = PartitionInspection | { readonly partition: number; readonly worker: undefined };

/** How an instance is released from quarantine. */
export interface ReleaseOptions extends CallOptions {
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

  inspect(options: CallOptions): Promise<readonly PartitionStatus[]> {
    const partitions = Array.from({ length: this.#session.ports.partitions }, (_, partition) => partition);
    const limits = limitsOf(options, this.#timeout);
    const late = () => notInTime('How the partitions stand', limits);
    return this.#session.waits.run(limits, late, () =>
      Promise.all(partitions.map((partition) => this.#inspect(partition))),
    );
  }

  async #inspect(partition: number): Promise<PartitionStatus> {
    const answer = await this.#session.queries.askPartition(partition, { v: 1, kind: 'inspect' });
    return isAnswer(answer) ? answer.inspection : { partition, worker: undefined };
  }

  release(address: string, { discard = false, ...options }: ReleaseOptions): Promise<boolean> {
    checkAddress(address);
    const query = { v: 1, kind: 'release', address, discard } as const;
    return this.#until(address, query, options, ({ released }) => released);
  }

  /** Breaks the lock that the entity has now, or that of a number, and no later one however often it is asked. */
  async breakLock(entity: EntityId, options: CallOptions, known?: number): Promise<boolean> {
    const address = entityAddress(entity);
    let fence = known;
    if (fence === undefined)
      await this.#until(address, { v: 1, kind: 'mailbox', entity }, options, ({ mailbox: { locked } }) => {
        fence = locked?.fencingNumber;
        return fence !== undefined;
      });
    if (fence === undefined) return false;
    return this.#until(address, { v: 1, kind: 'breakLock', address, fence }, options, ({ broken }) => broken);
  }

  /** Asks until an owner has answered, ever more patiently, for it may be far away: asking twice is harmless. */
  #until<Q extends Query>(
    address: string,
    query: Q,
    options: CallOptions,
    isDone: (answer: Extract<Answer, { kind: Q['kind'] }>) => boolean,
  ): Promise<boolean> {
    const partition = partitionOf(address, this.#session.ports.partitions);
    const limits = limitsOf(options, this.#timeout);
    let isHeard = false;
    const late = () => nobodyAnswered(partition, limits.timeoutInMilliseconds, isHeard && query.kind !== 'mailbox');
    return this.#session.waits.within<boolean>(limits, late, async (wait) => {
      for (let times = 0; ; times++) {
        const answer = await this.#session.queries.askPartition(partition, query, deadlineAfter(times));
        if (isAnswer(answer)) return wait.succeed(isDone(answer) || times > 0);
        isHeard ||= answer !== 'noOwner';
        await wait.pause(PAUSE);
        if (wait.isOver) return;
      }
    });
  }
}

/** `mayBeDone`: somebody who did not answer may have carried it out. */
function nobodyAnswered(partition: number, milliseconds: number, mayBeDone: boolean): TimeoutError {
  const text = `No worker that owns partition ${partition} answered within ${milliseconds} ms.`;
  if (!mayBeDone) return new TimeoutError(`${text} Start one.`);
  return new TimeoutError(`${text} Whether it was done is not known: ask again.`, undefined, 'unknown');
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
