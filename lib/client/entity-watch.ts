import { TimeoutError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import { Changes } from './changes.js';
import type { ClientSession } from './client-session.js';
import type { Entities, EntityStateResponse } from './entities.js';
import type { NamedEntity } from './named-entity.js';
import type { WaitOptions } from './waits.js';

/** How long something is watched: by default until it is left. */
export interface WatchOptions extends WaitOptions {}

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

  async *states(options: WatchOptions): AsyncGenerator<EntityStateResponse<unknown>, void> {
    const { inbox, waits } = this.#session;
    const { id } = this.#entity;
    const wait = waits.begin<never>(options, () => watchedLong(`${id.name} "${id.key}"`, options));
    const changes = new Changes(this.#session, entityAddress(id));
    const look = () => this.#entities.look(this.#entity, { isExact: true, notify: inbox.notify });
    try {
      for (let last: string | undefined; ;) {
        changes.look();
        const response = await wait.unlessOver(look());
        if (!response) continue; // the owner has waited before it said so
        const text = JSON.stringify([response.entityExists, response.entityState]);
        if (text !== last) yield response;
        last = text;
        await changes.next(response.source === 'owner', wait);
      }
    } finally {
      changes.close();
      wait.end();
    }
  }
}

/** The end of a watch whose time is over. */
export function watchedLong(what: string, { timeoutInMilliseconds }: WatchOptions): TimeoutError {
  return new TimeoutError(`${what} was watched for ${timeoutInMilliseconds} ms, as asked. It goes on; watch it again.`);
}
