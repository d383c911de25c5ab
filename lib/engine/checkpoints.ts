import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import { decodeCheckpoint, decodeDirectory, encodeCheckpoint, encodeDirectory } from '../wire/checkpoint-codec.js';
import type { Checkpoint, CheckpointDirectory } from '../wire/checkpoint.js';
import type { PartitionPorts } from './ports.js';
import { checkpointGone } from './stream-loss.js';

/** A checkpoint is stored in pages of at most so many bytes. */
const PAGE = 512 * 1024;
/** After an unclear write, look again after so many milliseconds. */
const RETRY = 20;
/** A deposed leader may not know the last write; after so many looks it is the stream that lost it. */
const LOOKS = 100;
/** So many epochs are remembered to tell zombies' heads. */
const EPOCHS = 100;

/**
 * A partition's checkpoint: a directory `c`, replaced by CAS, and the pages it names.
 *
 * P9. A takeover rewrites the directory under its epoch before it reads anything: from then on no former owner replaces
 *     it, hence none purges unseen.
 * P10. Pages are created before the directory names them and removed after it no longer does: it never tears.
 */
export class Checkpoints {
  readonly #ports: PartitionPorts;
  readonly #epoch: number;
  #directory: CheckpointDirectory | undefined;
  #sequence = 0;

  constructor(ports: PartitionPorts, epoch: number) {
    this.#ports = ports;
    this.#epoch = epoch;
  }

  /** Where this owner stored the directory last, as far as it knows. */
  get sequence(): number {
    return this.#sequence;
  }

  /** For each epoch, the sequence of its first directory (P13). */
  get firstDirectories(): CheckpointDirectory['epochs'] {
    return this.#directory?.epochs ?? [];
  }

  /** Puts my epoch on the directory. Throws OwnershipLostError when a later owner has done so. */
  async takeOver(): Promise<void> {
    const { views, subjects } = this.#ports;
    for (;;) {
      const stored = await views.read(subjects.checkpoint);
      const former = stored && decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`);
      if (former && former.epoch > this.#epoch) throw this.#lost(former.epoch);
      if (former && stored && former.epoch === this.#epoch) {
        this.#keep(former, stored.sequence); // an unclear write of mine was stored
        return;
      }
      const directory: CheckpointDirectory = {
        v: 1,
        epoch: this.#epoch,
        generation: 0,
        epochs: former ? withEpoch(former.epochs, former.epoch, stored!.sequence) : [],
        pages: former?.pages ?? [],
      };
      const sequence = await views.write(subjects.checkpoint, encodeDirectory(directory), stored?.sequence ?? 0);
      if (sequence !== undefined) return this.#keep(directory, sequence);
      await this.#pause();
    }
  }

  #keep(directory: CheckpointDirectory, sequence: number): void {
    this.#sequence = sequence;
    this.#directory = { ...directory, epochs: withEpoch(directory.epochs, directory.epoch, sequence) };
  }

  /** The stored checkpoint; undefined: none yet. */
  async read(): Promise<Checkpoint | undefined> {
    const { subjects } = this.#ports;
    const pages = this.#directory?.pages ?? [];
    const checkpoint = await readPages(this.#ports, pages);
    if (checkpoint || pages.length === 0) return checkpoint;
    throw new CorruptHistoryError(`A page of the checkpoint ${subjects.checkpoint} is gone`);
  }

  /** Replaces the checkpoint. Throws OwnershipLostError when a later owner has done so. */
  async write(checkpoint: Checkpoint): Promise<void> {
    const { views, subjects } = this.#ports;
    const former = this.#directory!;
    const generation = former.generation + 1;
    const pages: { subject: string; sequence: number }[] = [];
    const body = encodeCheckpoint(checkpoint);
    for (let at = 0; at < body.length; at += PAGE) {
      const subject = subjects.checkpointPage(this.#epoch, generation, pages.length);
      pages.push({ subject, sequence: await this.#create(subject, body.subarray(at, at + PAGE)) });
    }
    const directory: CheckpointDirectory = { ...former, generation, pages };
    this.#sequence = await this.#replace(encodeDirectory(directory), generation);
    this.#directory = directory;
    for (const { sequence } of former.pages) await views.remove(sequence);
  }

  async #create(subject: string, body: Uint8Array): Promise<number> {
    for (;;) {
      const sequence = await this.#ports.views.write(subject, body, 0);
      if (sequence !== undefined) return sequence;
      const stored = await this.#ports.views.read(subject);
      if (stored) return stored.sequence; // the name is this owner's alone: an unclear write was stored
      await this.#pause();
    }
  }

  async #replace(body: Uint8Array, generation: number): Promise<number> {
    const { views, subjects } = this.#ports;
    for (let looks = 1; ; looks++) {
      const sequence = await views.write(subjects.checkpoint, body, this.#sequence);
      if (sequence !== undefined) return sequence;
      const stored = await views.read(subjects.checkpoint);
      const found = stored && decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`);
      if (!found) throw checkpointGone(subjects.streamName('state'), subjects.checkpoint);
      if (found.epoch !== this.#epoch) throw this.#lost(found.epoch);
      if (found.generation === generation) return stored!.sequence;
      if (stored!.sequence !== this.#sequence && looks >= LOOKS)
        throw new StorageRegressedError(
          `Checkpoint ${subjects.checkpoint} is at sequence ${stored!.sequence}, but I stored it at ${this.#sequence}: the ` +
            'state stream lost acknowledged messages.',
        );
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#ports.clock.after(RETRY, resolve));
  }

  #lost(epoch: number): OwnershipLostError {
    const { subjects } = this.#ports;
    return new OwnershipLostError(
      `Checkpoint ${subjects.checkpoint} belongs to epoch ${epoch}, mine is ${this.#epoch}: another worker owns the partition.`,
    );
  }
}

/** The checkpoint as it is stored now, whoever owns the partition; undefined: none, or it is being replaced. */
export async function storedCheckpoint(ports: PartitionPorts): Promise<Checkpoint | undefined> {
  const { views, subjects } = ports;
  const stored = await views.read(subjects.checkpoint);
  return stored && readPages(ports, decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`).pages);
}

/** Undefined: there are no pages, or not all of them any more. */
async function readPages(
  { views, subjects }: PartitionPorts,
  pages: CheckpointDirectory['pages'],
): Promise<Checkpoint | undefined> {
  if (pages.length === 0) return undefined;
  const stored = await Promise.all(pages.map(({ subject }) => views.read(subject)));
  const bodies = stored.flatMap((page, at) => (page?.sequence === pages[at]!.sequence ? [page.body] : []));
  if (bodies.length < pages.length) return undefined;
  return decodeCheckpoint(joined(bodies), `Checkpoint ${subjects.checkpoint}`);
}

function withEpoch(
  epochs: CheckpointDirectory['epochs'],
  epoch: number,
  sequence: number,
): CheckpointDirectory['epochs'] {
  if (epochs.some(([known]) => known === epoch)) return epochs;
  return [...epochs, [epoch, sequence] as const].slice(-EPOCHS);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
