import { createHash } from 'node:crypto';
import type { ValueReference } from '../core/values.js';
import type { ObjectStore, OnRefused, StoredObject } from '../engine/ports.js';
import type { MemoryConnection } from './connection.js';
import { full } from './full.js';

/** An object as the twin's server keeps it. */
export interface MemoryObject {
  readonly body: Uint8Array;
  readonly time: number;
}

/** A deposed leader may miss what was put so many virtual milliseconds ago. */
const STALE = 1_000;

/** The object store of a task hub in memory: an object is there whole or not at all. */
export class MemoryObjectStore implements ObjectStore {
  readonly #connection: MemoryConnection;
  /** Keys of puts of which it is not known here what came of them. */
  readonly #unclear = new Set<string>();

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  get replicas(): number {
    return this.#connection.hub.replicas;
  }

  async put(key: string, body: Uint8Array, onRefused?: OnRefused): Promise<ValueReference | undefined> {
    const sent = body.slice();
    const isUnclear = this.#unclear.delete(key);
    const answer = await this.#connection.call(
      this.#call('put'),
      () => this.#store(key, sent, isUnclear),
      undefined,
      () => onRefused?.(full('the object store')),
    );
    if (!answer) this.#unclear.add(key);
    return answer && { key, bytes: sent.length, hash: hashOf(sent) };
  }

  async get({ key, bytes, hash }: ValueReference): Promise<Uint8Array | undefined> {
    const { world } = this.#connection.hub;
    const former = (): Uint8Array | undefined => {
      const object = this.#objects.get(key);
      return object && object.time <= world.time - STALE ? object.body : undefined;
    };
    const now = () => this.#objects.get(key)?.body;
    const body = await this.#connection.read(this.#call('get'), now, this.replicas > 1 ? former : now);
    return body?.length === bytes && hashOf(body) === hash ? body.slice() : undefined;
  }

  async remove(key: string): Promise<void> {
    await this.#connection.read(this.#call('remove'), () => this.#objects.delete(key));
  }

  async *list(before: number): AsyncIterable<StoredObject> {
    yield* await this.#connection.read(this.#call('list'), () =>
      Array.from(this.#objects, ([key, { body, time }]) => ({ key, bytes: body.length, time })).filter(
        ({ time }) => time < before,
      ),
    );
  }

  /** There is nothing: a put is one call here. */
  async removeUnfinished(): Promise<void> {
    await this.#connection.read(this.#call('removeUnfinished'), () => undefined);
  }

  get #objects(): Map<string, MemoryObject> {
    return this.#connection.hub.objects;
  }

  /** A value takes the place of the former one and is listed as stored later, unless a put that was unclear has stored it. */
  #store(key: string, body: Uint8Array, isUnclear: boolean): void {
    const former = this.#objects.get(key)?.body;
    if (isUnclear && former && hashOf(former) === hashOf(body)) return;
    this.#objects.delete(key);
    this.#objects.set(key, { body, time: this.#connection.hub.world.time });
  }

  #call(operation: string) {
    return { partition: -1, port: 'objects', operation } as const;
  }
}

function hashOf(body: Uint8Array): string {
  return `SHA-256=${createHash('sha256').update(body).digest('base64url')}=`;
}
