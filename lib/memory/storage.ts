import type { Storage, StorageBounds, StreamBounds } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryStream } from './stream.js';

/** A partition's streams in memory: they are never another's. */
export class MemoryStorage implements Storage {
  readonly #connection: MemoryConnection;

  constructor(
    connection: MemoryConnection,
    readonly partition: number,
  ) {
    this.#connection = connection;
  }

  bounds(): Promise<StorageBounds> {
    const { log, mail, state } = this.#connection.hub.streams(this.partition);
    const call = { partition: this.partition, port: 'storage', operation: 'bounds' } as const;
    return this.#connection.read(call, () => ({ log: boundsOf(log), mail: boundsOf(mail), state: boundsOf(state) }));
  }
}

function boundsOf({ first, last }: MemoryStream): StreamBounds {
  return { first, last };
}
