import { ClosedError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { ClientSession } from './client-session.js';
import type { Entities, EntityStateResponse } from './entities.js';
import type { NamedEntity } from './named-entity.js';
import type { WaitOptions } from './waits.js';

/** How an entity is watched. */
export interface WatchOptions extends Pick<WaitOptions, 'signal'> {}

/** A change may be told while nobody hears it, and an owner forgets who watches: so it is asked again, in milliseconds. */
const RECHECK = 5_000;
/** The same while nobody owns the entity. */
const RECHECK_VIEW = 500;

/** Follows the state of one entity. What the owner tells is only that there is something new: what is yielded is read. */
export class EntityWatch {
  readonly #session: ClientSession;
  readonly #entities: Entities;
  readonly #entity: NamedEntity;

  constructor(session: ClientSession, entities: Entities, entity: NamedEntity) {
    this.#session = session;
    this.#entities = entities;
    this.#entity = entity;
  }

  async *states({ signal }: WatchOptions): AsyncGenerator<EntityStateResponse<unknown>, void> {
    const { inbox } = this.#session;
    let isNew = false;
    let wake = (): void => {};
    const stop = inbox.onChanged(entityAddress(this.#entity.id), () => {
      isNew = true;
      wake();
    });
    try {
      for (let last: string | undefined; ;) {
        isNew = false;
        signal?.throwIfAborted();
        const response = await this.#entities.look(this.#entity, { isExact: true, notify: inbox.notify });
        if (!response) continue; // the owner has waited before it said so
        const text = JSON.stringify([response.entityExists, response.entityState]);
        if (text !== last) yield response;
        last = text;
        const pause = response.source === 'owner' ? RECHECK : RECHECK_VIEW;
        if (!isNew) await this.#changed(pause, signal, (end) => (wake = end));
      }
    } finally {
      stop();
    }
  }

  /** Resolves when something is told, or after a time. Rejects when the client is closed, or with the reason of the signal. */
  #changed(milliseconds: number, signal: AbortSignal | undefined, onWake: (end: () => void) => void): Promise<void> {
    const late = (): Error => new ClosedError('A wait without limit has ended.');
    return this.#session.waits.within<void>({ signal }, late, async (wait) => {
      onWake(() => wait.succeed());
      await wait.pause(milliseconds);
      wait.succeed();
    });
  }
}
