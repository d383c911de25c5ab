import type { HubEntry, HubStore, ListedEntry } from '../engine/hub-store.js';
import { refuseTooLarge } from '../wire/body-limit.js';
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

  list(prefix: string): Promise<readonly ListedEntry[]> {
    const { hub } = this.#connection;
    return this.#connection.read(this.#call('list'), () =>
      [...hub.bucket.all()]
        .filter(({ subject }) => subject.startsWith(`${prefix}.`))
        .map(({ subject: key, body, sequence, time }) => ({ key, value: body, revision: sequence, time })),
    );
  }

  async put(
    key: string,
    value: Uint8Array,
    expected: number,
    options?: { readonly ttlInSeconds: number },
  ): Promise<number | undefined> {
    refuseTooLarge(value, this.#connection.maxBodyBytes);
    const { hub } = this.#connection;
    const { bucket, world } = hub;
    const sent = value.slice();
    const answer = await this.#connection.call(this.#call('put'), () => {
      const revision = bucket.store(key, sent, world.time, { after: expected });
      if (revision !== undefined && options)
        world.scheduler.after(options.ttlInSeconds * 1_000, () => bucket.remove(revision));
      return revision;
    });
    return answer?.value;
  }

  async remove(key: string, revision: number): Promise<void> {
    const { bucket } = this.#connection.hub;
    await this.#connection.read(this.#call('remove'), () => {
      const stored = bucket.latest(key);
      if (stored && stored.sequence <= revision) bucket.remove(stored.sequence);
    });
  }

  #call(operation: string) {
    return { partition: -1, port: 'store', operation } as const;
  }
}
