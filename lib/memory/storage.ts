import { StorageRegressedError } from '../errors.js';
import type { Storage, StorageBounds, StreamBounds } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryStream } from './stream.js';
import { streamKinds } from '../wire/subjects.js';

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
    const streams = this.#connection.hub.streams(this.partition);
    const { log, mail, state } = streams;
    const call = { partition: this.partition, port: 'storage', operation: 'bounds' } as const;
    const look = () => {
      const another = streamKinds.find((kind) => streams[kind].isAnother);
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
