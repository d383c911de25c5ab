import type { HubEntry, HubStore, ListedEntry } from '../engine/hub-store.js';
import { bucketStreamName } from '../wire/subjects.js';
import type { JetStream } from './jetstream.js';
import { scan } from './scan.js';

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
    return bucketStreamName(this.bucket);
  }

  async get(key: string): Promise<HubEntry | undefined> {
    const stored = await this.#jetStream.get(this.stream, { last_by_subj: this.#subject(key) });
    return stored && { value: stored.body, revision: stored.sequence, time: stored.time };
  }

  async list(prefix: string): Promise<readonly ListedEntry[]> {
    const entries = new Map<string, ListedEntry>();
    for await (const { subject, body, sequence, time } of scan(
      this.#jetStream,
      this.stream,
      this.#subject(`${prefix}.>`),
    )) {
      const key = subject.slice(this.#subject('').length);
      entries.set(key, { key, value: body, revision: sequence, time });
    }
    return [...entries.values()];
  }

  /** What is refused or unknown is told after a pause: callers look at what is stored, and try again. */
  async put(
    key: string,
    value: Uint8Array,
    expected: number,
    options?: { readonly ttlInSeconds: number },
  ): Promise<number | undefined> {
    const revision = await this.#jetStream.store(this.#subject(key), value, { after: expected, ...options });
    if (revision === undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    return revision;
  }

  /** A purge with a sequence removes nothing that was stored later, and leaves no marker behind. */
  async remove(key: string, revision: number): Promise<void> {
    await this.#jetStream.purgeBelow(this.stream, revision + 1, this.#subject(key));
  }

  #subject(key: string): string {
    return `$KV.${this.bucket}.${key}`;
  }
}
