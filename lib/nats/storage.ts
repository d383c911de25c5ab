import type { Storage, StorageBounds } from '../engine/ports.js';
import type { StreamKind } from '../wire/subjects.js';
import type { NatsHub } from './hub.js';
import { boundsOf } from './jetstream.js';

/** A partition's streams on JetStream, held to what the hub's record says of them. */
export class NatsStorage implements Storage {
  readonly #hub: NatsHub;
  readonly #partition: number;

  constructor(hub: NatsHub, partition: number) {
    this.#hub = hub;
    this.#partition = partition;
  }

  async bounds(): Promise<StorageBounds> {
    const [log, mail, state] = await Promise.all([
      this.#boundsOf('log'),
      this.#boundsOf('mail'),
      this.#boundsOf('state'),
      this.#hub.storage.check(),
    ]);
    return { log, mail, state };
  }

  async #boundsOf(kind: StreamKind) {
    const { storage, subjects } = this.#hub;
    return boundsOf(await storage.info(subjects.partition(this.#partition).streamName(kind)));
  }
}
