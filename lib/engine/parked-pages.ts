import { StorageRegressedError } from '../errors.js';
import { decodeParkedPage } from '../wire/parked-codec.js';
import type { Address, Message } from '../wire/messages.js';
import type { Parking } from '../wire/parked.js';
import { removeLeftBehind } from './left-behind.js';
import { lookFor, RETRY } from './looks.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** A deposed leader may not know the page yet; after so many looks it is the stream that lost it. */
const LOOKS = 100;
/** So many pages read last are kept: several instances may have messages in one. */
const KEPT = 4;

/** A page as read: the messages of each instance, and about how many bytes each has. */
interface ReadPage {
  readonly boxes: ReadonlyMap<Address, readonly Message[]>;
  readonly bytesEach: number;
}

/**
 * The pages of parked messages in the state stream (P4). A page is created under a name that no other owner uses, before
 * a record names it, never changed, and removed by its sequence.
 */
export class ParkedPages {
  readonly #ports: PartitionPorts;
  readonly #epoch: number;
  readonly #known: number;
  #count = 0;
  /** The sequences of the pages that exist. */
  readonly #sequences = new Map<string, number>();
  readonly #read = new Map<string, Promise<ReadPage>>();

  /** `known`: where the takeover has put its epoch on the checkpoint. */
  constructor(
    ports: PartitionPorts,
    { epoch, known }: { readonly epoch: number; readonly known: number },
    recorded: Iterable<Parking>,
  ) {
    this.#ports = ports;
    this.#epoch = epoch;
    this.#known = known;
    for (const { page, sequence } of recorded) this.#sequences.set(page, sequence);
  }

  async create(body: Uint8Array): Promise<{ readonly name: string; readonly sequence: number }> {
    const { views } = this.#ports;
    const name = `${this.#epoch}.${++this.#count}`;
    const subject = this.#subject(name);
    for (;;) {
      // The name is this owner's alone: what is there after a refused or unclear write is what it wrote.
      const sequence = (await views.write(subject, body, 0)) ?? (await views.read(subject))?.sequence;
      if (sequence === undefined) {
        await this.#pause();
        continue;
      }
      this.#sequences.set(name, sequence);
      return { name, sequence };
    }
  }

  /** A page that exists. Rejects with StorageRegressedError or CorruptHistoryError. */
  read(name: string): Promise<ReadPage> {
    const known = this.#read.get(name);
    if (known) return known;
    const read = this.#find(name).then(readPage);
    this.#read.set(name, read);
    read.catch(() => this.#read.delete(name));
    const [oldest] = this.#read.keys();
    if (this.#read.size > KEPT) this.#read.delete(oldest!);
    return read;
  }

  async #find(name: string): Promise<StoredMessage> {
    const subject = this.#subject(name);
    const sequence = this.#sequences.get(name);
    const { views, clock } = this.#ports;
    const isIt = (stored: StoredMessage | undefined): boolean => stored !== undefined && stored.sequence === sequence;
    const stored = await lookFor(clock, LOOKS, () => views.read(subject), isIt);
    if (stored && isIt(stored)) return stored;
    throw new StorageRegressedError(
      `${subject} was stored at sequence ${sequence}, but the state stream has it at ${stored?.sequence ?? 'none'}: the ` +
        'state stream lost acknowledged messages.',
    );
  }

  /** When a page was stored, for people. */
  async timeOf(name: string): Promise<number | undefined> {
    return (await this.#ports.views.read(this.#subject(name)))?.time;
  }

  async remove(name: string): Promise<void> {
    const sequence = this.#sequences.get(name);
    if (sequence !== undefined) await this.#ports.views.remove(this.#subject(name), sequence);
    this.#sequences.delete(name);
    this.#read.delete(name);
  }

  /** Removes pages that former owners stored and no record names. */
  sweep(): Promise<void> {
    const prefix = this.#subject('');
    const isNamed = (subject: string): boolean => this.#sequences.has(subject.slice(prefix.length));
    return removeLeftBehind(this.#ports.views, prefix, { epoch: this.#epoch, known: this.#known }, isNamed);
  }

  #subject(name: string): string {
    return this.#ports.subjects.parkedPage(name);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#ports.clock.after(RETRY, resolve));
  }
}

function readPage({ body, subject }: StoredMessage): ReadPage {
  const { boxes } = decodeParkedPage(body, `Page ${subject}`);
  const messages = boxes.reduce((sum, [, found]) => sum + found.length, 0);
  return { boxes: new Map(boxes), bytesEach: Math.ceil(body.length / Math.max(1, messages)) };
}
