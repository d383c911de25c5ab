import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import {
  decodeCheckpoint,
  decodeDirectory,
  decodeDrawer,
  encodeCheckpoint,
  encodeDirectory,
  encodeDrawer,
} from '../wire/checkpoint-codec.js';
import type { ChangedDrawers, Checkpoint, CheckpointDirectory, PageReference } from '../wire/checkpoint.js';
import { removeLeftBehind } from './left-behind.js';
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
 * P10. Pages are created before the directory names them and removed after it no longer does: it never tears. Those in
 *     which nothing has changed are kept.
 */
export class Checkpoints {
  readonly #ports: PartitionPorts;
  readonly #epoch: number;
  #directory: CheckpointDirectory | undefined;
  #sequence = 0;
  /** Whether pages that former owners left behind are removed. */
  #isTidy = false;

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
        drawers: former?.drawers ?? [],
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
    const directory = this.#directory;
    if (!directory || directory.pages.length === 0) return undefined;
    const checkpoint = await readAll(this.#ports, directory);
    if (checkpoint) return checkpoint;
    throw new CorruptHistoryError(`A page of the checkpoint ${this.#ports.subjects.checkpoint} is gone`);
  }

  /**
   * Replaces the checkpoint; of the sessions only the drawers that have changed. Throws OwnershipLostError when a later
   * owner has done so.
   */
  async write(checkpoint: Checkpoint, changed: ChangedDrawers): Promise<void> {
    const former = this.#directory!;
    const generation = former.generation + 1;
    const store = this.#newPages(generation);
    const pages = await store(encodeCheckpoint(checkpoint));
    const drawers = new Map(former.drawers);
    const replaced = [...former.pages];
    for (const [drawer, sessions] of changed) {
      replaced.push(...(drawers.get(drawer) ?? []));
      if (sessions.length === 0) drawers.delete(drawer);
      else drawers.set(drawer, await store(encodeDrawer(sessions)));
    }
    const directory: CheckpointDirectory = { ...former, generation, pages, drawers: [...drawers] };
    this.#sequence = await this.#replace(encodeDirectory(directory), generation);
    this.#directory = directory;
    for (const { subject, sequence } of replaced) await this.#ports.views.remove(subject, sequence);
    if (!this.#isTidy) await this.#tidy();
  }

  /**
   * Stores a checkpoint from which a partition begins anew, without any session of a client (docs/adr/0059). `forgets`: what was
   * stored in former epochs is taken as it is, and only what comes from now on may be a zombie's.
   */
  async restart(checkpoint: Checkpoint, { forgets }: { readonly forgets: boolean }): Promise<void> {
    const former = this.#directory!;
    const own = former.epochs.filter(([epoch]) => epoch === this.#epoch);
    if (forgets) this.#directory = { ...former, epochs: own };
    await this.write(checkpoint, new Map(former.drawers?.map(([drawer]) => [drawer, []])));
  }

  /** Removes pages that former owners left. */
  async #tidy(): Promise<void> {
    const { views, subjects } = this.#ports;
    const { pages, drawers = [] } = this.#directory!;
    const named = new Set([...pages, ...drawers.flatMap(([, parts]) => parts)].map(({ subject }) => subject));
    const mine = { epoch: this.#epoch, known: this.#sequence };
    await removeLeftBehind(views, `${subjects.checkpoint}.`, mine, (subject) => named.has(subject));
    this.#isTidy = true;
  }

  /** Stores bodies in pages, numbered through the generation. */
  #newPages(generation: number): (body: Uint8Array) => Promise<readonly PageReference[]> {
    let count = 0;
    return async (body) => {
      const pages: PageReference[] = [];
      for (let at = 0; at < body.length; at += PAGE) {
        const subject = this.#ports.subjects.checkpointPage(this.#epoch, generation, count++);
        pages.push({ subject, sequence: await this.#create(subject, body.subarray(at, at + PAGE)) });
      }
      return pages;
    };
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
  if (!stored) return undefined;
  const { pages } = decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`);
  const body = await readPages(ports, pages);
  return body && decodeCheckpoint(body, `Checkpoint ${subjects.checkpoint}`);
}

/** The same with the sessions of all drawers. */
export async function wholeCheckpoint(ports: PartitionPorts): Promise<Checkpoint | undefined> {
  const { views, subjects } = ports;
  const stored = await views.read(subjects.checkpoint);
  return stored && readAll(ports, decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`));
}

/** The checkpoint with the sessions of all drawers. Undefined: not all pages are there any more. */
async function readAll(
  ports: PartitionPorts,
  { pages, drawers = [] }: CheckpointDirectory,
): Promise<Checkpoint | undefined> {
  const where = `Checkpoint ${ports.subjects.checkpoint}`;
  const [body, ...others] = await Promise.all(
    [pages, ...drawers.map(([, of]) => of)].map((of) => readPages(ports, of)),
  );
  const drawn = others.flatMap((drawer) => (drawer ? [drawer] : []));
  if (!body || drawn.length < drawers.length) return undefined;
  const checkpoint = decodeCheckpoint(body, where);
  const clients = drawn.flatMap((drawer) => decodeDrawer(drawer, where));
  return { ...checkpoint, clients: [...(checkpoint.clients ?? []), ...clients] };
}

/** The bodies of pages, joined. Undefined: there are no pages, or not all of them any more. */
async function readPages({ views }: PartitionPorts, pages: readonly PageReference[]): Promise<Uint8Array | undefined> {
  if (pages.length === 0) return undefined;
  const stored = await Promise.all(pages.map(({ subject }) => views.read(subject)));
  const bodies = stored.flatMap((page, at) => (page?.sequence === pages[at]!.sequence ? [page.body] : []));
  return bodies.length < pages.length ? undefined : joined(bodies);
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
