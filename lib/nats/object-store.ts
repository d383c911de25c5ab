import type { ValueReference } from '../core/values.js';
import type { ObjectStore, OnRefused, StoredMessage, StoredObject } from '../engine/ports.js';
import { objectStreamName } from '../wire/subjects.js';
import { encodeBase64Url } from './base64.js';
import type { JetStream } from './jetstream.js';
import { platformRandom } from './random.js';
import { readAhead } from './read-ahead.js';

/** The client libraries' own default, and so many of them under way: a slow connection has to carry them in time. */
const CHUNK = 128 * 1024;
const CHUNKS_AT_A_TIME = 4;

/** An object as its bucket describes it, by the layout that NATS documents (ADR-20 of its architecture decisions). */
interface ObjectInfo {
  readonly name: string;
  readonly bucket: string;
  /** Names the subject of its chunks. */
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
  readonly mtime: string;
  readonly deleted?: boolean;
  readonly options?: { readonly max_chunk_size?: number };
}

/**
 * A JetStream object-store bucket: other tools can read it with `nats object`. Spoken directly, because the client
 * library's own has neither deadlines for reads nor a way to tell what came of a put (docs/adr/0025).
 */
export class NatsObjectStore implements ObjectStore {
  readonly #jetStream: JetStream;
  readonly #bucket: string;
  readonly #stream: string;
  /** Keys of puts of which it is not known what came of them: they may be there. */
  readonly #unclear = new Set<string>();

  constructor(
    jetStream: JetStream,
    bucket: string,
    readonly replicas: number,
  ) {
    this.#jetStream = jetStream;
    this.#bucket = bucket;
    this.#stream = objectStreamName(bucket);
  }

  async put(key: string, body: Uint8Array, onRefused?: OnRefused): Promise<ValueReference | undefined> {
    const reference = { key, bytes: body.length, hash: await digestOf(body) };
    const former = this.#unclear.delete(key) ? await this.#info(key) : undefined;
    if (former && isAs(reference, former)) return reference;
    const stored = await this.#store(reference, body, onRefused);
    if (!stored) this.#unclear.add(key);
    return stored ? reference : undefined;
  }

  async #store({ key, hash: digest }: ValueReference, body: Uint8Array, onRefused?: OnRefused): Promise<boolean> {
    const nuid = platformRandom.id();
    const chunks = chunksOf(body, Math.min(CHUNK, this.#jetStream.session.maxBodyBytes));
    if (!(await this.#storeChunks(nuid, chunks, onRefused))) {
      await this.#jetStream.purgeSubject(this.#stream, this.#chunks(nuid));
      return false;
    }
    const info: ObjectInfo = {
      name: key,
      bucket: this.#bucket,
      nuid,
      size: body.length,
      chunks: chunks.length,
      digest,
      mtime: new Date(this.#jetStream.session.clock.now()).toISOString(),
      options: { max_chunk_size: CHUNK },
    };
    const meta = new TextEncoder().encode(JSON.stringify(info));
    const sequence = await this.#jetStream.store(this.#meta(key), meta, { replaces: true, onRefused });
    return sequence !== undefined;
  }

  /** Whether all are stored, in order: one whose answer is lost may be stored later, behind its successors. */
  async #storeChunks(nuid: string, chunks: readonly Uint8Array[], onRefused?: OnRefused): Promise<boolean> {
    const store = chunks.map((chunk) => () => this.#jetStream.store(this.#chunks(nuid), chunk, { onRefused }));
    let last = 0;
    for await (const sequence of readAhead(CHUNKS_AT_A_TIME, store)) {
      if (sequence === undefined || sequence <= last) return false;
      last = sequence;
    }
    return true;
  }

  async get(reference: ValueReference): Promise<Uint8Array | undefined> {
    const info = await this.#info(reference.key);
    if (!info || !isAs(reference, info)) return undefined;
    const body = new Uint8Array(info.size);
    let at = 0;
    for await (const chunk of this.#readChunks(info)) {
      if (at + chunk.length > body.length) return undefined;
      body.set(chunk, at);
      at += chunk.length;
    }
    return at === body.length && (await digestOf(body)) === reference.hash ? body : undefined;
  }

  async *#readChunks({ nuid, chunks }: ObjectInfo): AsyncIterable<Uint8Array> {
    let next = 1;
    for (let count = 0; count < chunks; count++) {
      const by = { seq: next, next_by_subj: this.#chunks(nuid) };
      const chunk: StoredMessage | undefined = await this.#jetStream.get(this.#stream, by);
      if (!chunk) return;
      yield chunk.body;
      next = chunk.sequence + 1;
    }
  }

  /** The chunks first: what is left of a removal that was not ended can still be found by its key. */
  async remove(key: string): Promise<void> {
    const info = await this.#info(key);
    if (!info) return;
    await this.#jetStream.purgeSubject(this.#stream, this.#chunks(info.nuid));
    await this.#jetStream.purgeSubject(this.#stream, this.#meta(key));
  }

  async *list(before: number): AsyncIterable<StoredObject> {
    for await (const { body, time } of this.#metas()) {
      if (time >= before) return;
      const { name, size, deleted } = parse(body);
      if (!deleted) yield { key: name, bytes: size, time };
    }
  }

  /** What describes the chunks of an object is looked for after them, for it is stored after them. */
  async removeUnfinished(before: number): Promise<void> {
    const unfinished = new Set<string>();
    for await (const subject of this.#jetStream.subjects(this.#stream, this.#chunks('>'))) unfinished.add(subject);
    for await (const { body } of this.#metas()) unfinished.delete(this.#chunks(parse(body).nuid));
    for (const subject of unfinished) {
      const last = await this.#jetStream.get(this.#stream, { last_by_subj: subject });
      if (last && last.time < before) await this.#jetStream.purgeSubject(this.#stream, subject);
    }
  }

  async *#metas(): AsyncIterable<StoredMessage> {
    for (let next = 1; ;) {
      const by = { seq: next, next_by_subj: `$O.${this.#bucket}.M.>` };
      const meta: StoredMessage | undefined = await this.#jetStream.get(this.#stream, by);
      if (!meta) return;
      yield meta;
      next = meta.sequence + 1;
    }
  }

  async #info(key: string): Promise<ObjectInfo | undefined> {
    const stored = await this.#jetStream.get(this.#stream, { last_by_subj: this.#meta(key) });
    return stored && parse(stored.body);
  }

  #meta(key: string): string {
    return `$O.${this.#bucket}.M.${encodeBase64Url(new TextEncoder().encode(key))}`;
  }

  #chunks(nuid: string): string {
    return `$O.${this.#bucket}.C.${nuid}`;
  }
}

function isAs({ bytes, hash }: ValueReference, { size, digest, deleted }: ObjectInfo): boolean {
  return size === bytes && digest === hash && !deleted;
}

function parse(body: Uint8Array): ObjectInfo {
  return JSON.parse(new TextDecoder().decode(body)) as ObjectInfo;
}

function chunksOf(body: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
  return chunks;
}

/** The digest by the layout's own name for it. */
async function digestOf(body: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>);
  return `SHA-256=${encodeBase64Url(new Uint8Array(digest))}`;
}
