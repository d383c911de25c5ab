import type { HubEntry, HubStore } from '../engine/hub-store.js';
import type { MemoryConnection } from './connection.js';

/** The values of a task hub in memory. */
export class MemoryHubStore implements HubStore {
  readonly #connection: MemoryConnection;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  async get(key: string): Promise<HubEntry | undefined> {
    const { hub } = this.#connection;
    const stored = await this.#connection.read(this.#call('get'), () => hub.bucket.latest(key));
    return stored && { value: stored.body, revision: stored.sequence, time: stored.time };
  }

  async put(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    const { hub } = this.#connection;
    const sent = value.slice();
    const answer = await this.#connection.call(this.#call('put'), () =>
      hub.bucket.store(key, sent, hub.world.time, { after: expected }),
    );
    return answer?.value;
  }

  #call(operation: string) {
    return { partition: -1, port: 'store', operation } as const;
  }
}
