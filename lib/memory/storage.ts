import { StorageRegressedError } from '../errors.js';
import type { Storage, StorageBounds, StreamBounds } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryStream } from './stream.js';

/** A partition's streams in memory. */
export class MemoryStorage implements Storage {
  readonly #connection: MemoryConnection;

  constructor(
    connection: MemoryConnection,
    readonly partition: number,
  ) {
    this.#connection = connection;
  }

  async bounds(): Promise<StorageBounds> {
    const { log, mail, state } = this.#connection.hub.streams(this.partition);
    const call = { partition: this.partition, port: 'storage', operation: 'bounds' } as const;
    const bounds = await this.#connection.read(call, () => [boundsOf(log), boundsOf(mail), boundsOf(state)] as const);
    const [ofLog, ofMail, ofState] = bounds;
    if (bounds.some(({ isAnother }) => isAnother))
      throw new StorageRegressedError(`A stream of partition ${this.partition} was deleted and created again.`);
    return { log: ofLog, mail: ofMail, state: ofState };
  }
}

function boundsOf({ first, last, isAnother }: MemoryStream): StreamBounds & { readonly isAnother: boolean } {
  return { first, last, isAnother };
}
