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

  bounds(): Promise<StorageBounds> {
    const { log, mail, state } = this.#connection.hub.streams(this.partition);
    const call = { partition: this.partition, port: 'storage', operation: 'bounds' } as const;
    const look = () => {
      const [another] = Object.entries({ log, mail, state }).find(([, { isAnother }]) => isAnother) ?? [];
      return another ?? { log: boundsOf(log), mail: boundsOf(mail), state: boundsOf(state) };
    };
    return this.#connection.read(call, look).then((found) => {
      if (typeof found !== 'string') return found;
      const text = `The stream "${found}" of partition ${this.partition} was deleted and created again.`;
      throw new StorageRegressedError(text, found);
    });
  }
}

function boundsOf({ first, last }: MemoryStream): StreamBounds {
  return { first, last };
}
