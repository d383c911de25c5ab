import { TaskHubClient } from 'perdure';
import type { Note, StoredMessage } from '../../lib/engine/ports.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryViews } from '../../lib/memory/views.js';
import { recordingLogger } from '../engine/surroundings.js';
import type { Surroundings } from './surroundings.js';

/** What a client did with the views of its hub, and how they are told. */
export interface Looks {
  /** Whether a view is gone when it is read, though its note was there. */
  isGone(subject: string): boolean;
  /** So many notes come together. */
  batch: number;
  /** Whether each note comes twice, or says nothing. */
  notes: 'once' | 'twice' | 'empty';
  /** How many views were read, how many are being read, and how many at the same time at most. */
  reads: number;
  reading: number;
  together: number;
  /** The batches of notes that were given out, each as its partition. */
  readonly batches: number[];
  /** The partitions that were asked for notes, and how many batches had been given out then. */
  readonly asked: (readonly [partition: number, after: number, wantsMany: boolean])[];
}

/** A client whose looks at views are counted, and which finds them as the test says. */
export function lookingClient(around: Surroundings): { readonly client: TaskHubClient; readonly looks: Looks } {
  const looks: Looks = {
    isGone: () => false,
    batch: Infinity,
    notes: 'once',
    reads: 0,
    reading: 0,
    together: 0,
    batches: [],
    asked: [],
  };
  const connection = around.hub.connect('looking');
  const viewsOf = (partition: number) => new CountedViews(connection, partition, looks);
  const ports = { ...memoryHubPorts(connection, recordingLogger()), viewsOf };
  return { client: new TaskHubClient({ ports }), looks };
}

class CountedViews extends MemoryViews {
  readonly #looks: Looks;

  constructor(connection: MemoryConnection, partition: number, looks: Looks) {
    super(connection, partition);
    this.#looks = looks;
  }

  override async read(subject: string): Promise<StoredMessage | undefined> {
    const looks = this.#looks;
    if (!subject.includes('.s.')) return super.read(subject); // what tells of views is none
    looks.reads++;
    looks.together = Math.max(looks.together, ++looks.reading);
    try {
      const stored = await super.read(subject);
      return looks.isGone(subject) ? undefined : stored;
    } finally {
      looks.reading--;
    }
  }

  override async *notes(pattern: string, from: number, wantsMany = false): AsyncIterable<readonly Note[]> {
    const { asked, batch, batches, notes: how } = this.#looks;
    asked.push([this.partition, batches.length, wantsMany]);
    for await (const notes of super.notes(pattern, from)) {
      const told = notes.flatMap((note) => {
        if (how === 'empty') return [{ ...note, note: undefined }];
        return how === 'once' ? [note] : [note, note];
      });
      for (let at = 0; at < told.length; at += batch) {
        batches.push(this.partition);
        yield told.slice(at, at + batch);
      }
    }
  }
}
