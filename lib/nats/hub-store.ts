import type { HubEntry, HubStore } from '../engine/hub-store.js';
import type { JetStream } from './jetstream.js';

/** A JetStream key-value bucket as the hub's store: other tools can read it with `nats kv`. */
export class NatsHubStore implements HubStore {
  readonly #jetStream: JetStream;

  constructor(
    jetStream: JetStream,
    readonly bucket: string,
  ) {
    this.#jetStream = jetStream;
  }

  /** The stream behind the bucket. */
  get stream(): string {
    return `KV_${this.bucket}`;
  }

  async get(key: string): Promise<HubEntry | undefined> {
    const stored = await this.#jetStream.get(this.stream, { last_by_subj: this.#subject(key) });
    return stored && { value: stored.body, revision: stored.sequence, time: stored.time };
  }

  put(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    return this.#jetStream.store(this.#subject(key), value, { after: expected });
  }

  #subject(key: string): string {
    return `$KV.${this.bucket}.${key}`;
  }
}
