import type { EntityId } from '../core/history.js';
import type { Json } from '../core/values.js';
import { EntityOperationFailedError, RemoteError, TimeoutError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import { encodeQuery } from '../wire/answer-codec.js';
import type { Query, ReadAnswer } from '../wire/queries.js';
import type { ClientSession } from './client-session.js';
import { limitsOf, type CallOptions, type Wait } from './waits.js';

/** The wait before an owner is asked again that did not answer, in milliseconds, doubled up to the longest. */
const FIRST_PAUSE = 10;
const LAST_PAUSE = 250;
/** How long an answer is waited for before it counts as lost, in the same way: the read waits in a mailbox. */
const FIRST_DEADLINE = 1_500;
const LAST_DEADLINE = 12_000;

/** What failures of owners say that cannot answer such a query, or not in one message. */
const insteadByMail: ReadonlySet<string | undefined> = new Set(['PERDURE_PAYLOAD_TOO_LARGE', 'InvalidQuery']);

/**
 * Calls of readonly operations: asked of the owner and answered behind its barrier (C11), without a message that is stored and
 * without a record. They see all that this client had sent to the entity's partition before.
 */
export class ReadonlyCalls {
  readonly #session: ClientSession;
  readonly #timeout: number;

  /** @param timeout how long a call waits for its answer, in milliseconds. */
  constructor(session: ClientSession, timeout: number) {
    this.#session = session;
    this.#timeout = timeout;
  }

  /** The result; `byMail`: it has to be called like any other operation. Throws EntityOperationFailedError. */
  async call(
    entity: EntityId,
    name: string,
    { input }: { readonly input?: Json },
    options: CallOptions,
  ): Promise<{ readonly result: unknown } | 'byMail'> {
    const { waits, names, values } = this.#session;
    const limits = limitsOf(options, this.#timeout);
    const late = () =>
      new TimeoutError(
        `Nobody answered the call of ${entity.name}.${name} of "${entity.key}" within ` +
          `${limits.timeoutInMilliseconds} ms. It changes nothing: call it again, and see that a worker with the entity is up.`,
      );
    const answer = await waits.within<ReadAnswer | 'byMail'>(limits, late, async (wait) => {
      await names.checkOperation(entity.name, name);
      const after = await this.#session.whenStored(entityAddress(entity));
      const query = { v: 1, kind: 'read', entity, name, ...(input !== undefined && { input }), after } as const;
      const isTooLarge = encodeQuery(query).length > this.#session.ports.maxBodyBytes;
      return isTooLarge ? wait.succeed('byMail') : this.#ask(entity, query, wait);
    });
    if (answer === 'byMail') return 'byMail';
    if (answer.failure) throw new EntityOperationFailedError(entity.name, name, answer.failure);
    return { result: values.decode(answer.result) };
  }

  /** Asks until there is an answer: asking twice is harmless. */
  async #ask(
    entity: EntityId,
    query: Extract<Query, { kind: 'read' }>,
    wait: Wait<ReadAnswer | 'byMail'>,
  ): Promise<void> {
    let [pause, deadline] = [FIRST_PAUSE, FIRST_DEADLINE];
    while (!wait.isOver) {
      const answer = await this.#askOnce(entity, query, deadline);
      if (answer === 'byMail' || answer?.isMutating) return wait.succeed('byMail');
      if (answer && !answer.isWaiting) return wait.succeed(answer);
      await wait.pause(pause);
      pause = Math.min(2 * pause, LAST_PAUSE);
      if (!answer) deadline = Math.min(2 * deadline, LAST_DEADLINE);
    }
  }

  /** Undefined: nobody answered. Throws EntityOperationFailedError when the owner could not tell. */
  async #askOnce(
    entity: EntityId,
    query: Extract<Query, { kind: 'read' }>,
    deadline: number,
  ): Promise<ReadAnswer | 'byMail' | undefined> {
    try {
      const answer = await this.#session.queries.ask(entityAddress(entity), query, deadline);
      return typeof answer === 'object' ? answer : undefined;
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      const { code, name } = error.failureDetails;
      if (insteadByMail.has(code ?? name)) return 'byMail';
      throw new EntityOperationFailedError(entity.name, query.name, error.failureDetails);
    }
  }
}
