import type { HubEntry, HubStore } from '../engine/hub-store.js';
import type { JetStream } from './jetstream.js';

/** In milliseconds. */
const PAUSE = 50;

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

  /** What is refused or unknown is told after a pause: callers look at what is stored, and try again. */
  async put(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    const revision = await this.#jetStream.store(this.#subject(key), value, { after: expected });
    if (revision === undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return revision;
  }

  #subject(key: string): string {
    return `$KV.${this.bucket}.${key}`;
  }
}
