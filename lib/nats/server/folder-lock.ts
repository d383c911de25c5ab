import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isNear, isRunning, type ProcessIdentity } from './process-identity.js';
import { codeOf } from './system-error.js';

interface LockRecord<Note> {
  /** Who holds the lock; absent once released. */
  readonly holder?: ProcessIdentity;
  readonly note: Note;
}

/** The holder touches its record so often, in milliseconds; a record that stays untouched for so long is left behind. */
const BEAT = 500;
const SILENCE = 3_000;
/** How often a record is looked at meanwhile, in milliseconds. */
const LOOK = 100;

/**
 * A lock between processes that share a folder. It ends with its holder, also on kill -9, and has a note for whoever
 * reads it. Whether a holder still runs is seen at once in its own container, and elsewhere by whether its record is
 * touched within 3 s.
 *
 * A lock is a folder of numbered records. The highest number is the current one, it is never removed, and taking the
 * lock is creating the next number, which the file system lets exactly one process do. So a stale lock can be taken
 * over without ever deleting a record that somebody else may just have written.
 */
export class FolderLock<Note> {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The note of the current holder; undefined when nobody holds the lock. */
  async noteOfHolder(): Promise<Note | undefined> {
    const { record, number } = await this.#current();
    return record !== undefined && (await this.#isHeld(record, number)) ? record.note : undefined;
  }

  /**
   * Takes the lock if it is free; undefined when another holds it, or takes it at this moment.
   * `firstNote` makes the note from the one that the former holder left, if any.
   */
  async tryTake(firstNote: (left: Note | undefined) => Note): Promise<HeldLock<Note> | undefined> {
    await mkdir(this.folder, { recursive: true });
    const { number, record } = await this.#current();
    if (record !== undefined && (await this.#isHeld(record, number))) return undefined;
    const held = new HeldLock<Note>(this.folder, number + 1);
    if (!(await held.create(firstNote(record?.note)))) return undefined;
    // A process that read the list long ago may create a number that was already used and tidied away.
    if ((await this.#numbers()).some((other) => other > number + 1)) {
      await held.discard();
      return undefined;
    }
    await this.#removeBelow(number + 1);
    return held;
  }

  async #current(): Promise<{ number: number; record: LockRecord<Note> | undefined }> {
    for (;;) {
      const number = Math.max(0, ...(await this.#numbers()));
      if (number === 0) return { number, record: undefined };
      try {
        return { number, record: parse<Note>(await readFile(join(this.folder, `${number}.json`), 'utf8')) };
      } catch (error) {
        // Tidied away because a higher number exists now: look again.
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }

  async #isHeld({ holder }: LockRecord<Note>, number: number): Promise<boolean> {
    if (holder === undefined) return false;
    if (isNear(holder)) return isRunning(holder);
    const file = join(this.folder, `${number}.json`);
    const first = await touchedAt(file);
    for (let waited = 0; waited < SILENCE; waited += LOOK) {
      await delay(LOOK);
      if ((await touchedAt(file)) !== first) return true; // or tidied away: another has it
    }
    return false;
  }

  async #numbers(): Promise<number[]> {
    try {
      return (await readdir(this.folder)).flatMap((name) => (/^\d+\.json$/.test(name) ? [parseInt(name, 10)] : []));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #removeBelow(number: number): Promise<void> {
    const old = (await this.#numbers()).filter((other) => other < number);
    await Promise.all(old.map((other) => rm(join(this.folder, `${other}.json`), { force: true })));
  }
}

/** The lock while this process holds it. */
export class HeldLock<Note> {
  readonly file: string;
  /** Resolves when another process has taken the lock over, because this one was frozen for too long. */
  readonly lost: Promise<void>;
  #lose!: () => void;
  #beat: ReturnType<typeof setInterval> | undefined;
  readonly #holder: ProcessIdentity;

  constructor(
    readonly folder: string,
    number: number,
  ) {
    this.file = join(folder, `${number}.json`);
    this.#holder = identityOf(process.pid) ?? { pid: process.pid };
    this.lost = new Promise((resolve) => (this.#lose = resolve));
  }

  /** Creates the record, whole or not at all; false when another process has. */
  async create(note: Note): Promise<boolean> {
    const draft = await this.#draft({ holder: this.#holder, note });
    try {
      await link(draft, this.file);
      this.#beat = setInterval(() => void this.#touch(), BEAT).unref();
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(draft);
    }
  }

  /** Undoes `create`. */
  async discard(): Promise<void> {
    clearInterval(this.#beat);
    await rm(this.file);
  }

  /** Replaces the note. */
  async write(note: Note): Promise<void> {
    await rename(await this.#draft({ holder: this.#holder, note }), this.file);
  }

  /** Lets the lock go; the note stays for the next holder. */
  async release(note: Note): Promise<void> {
    clearInterval(this.#beat);
    await rename(await this.#draft({ note }), this.file);
  }

  async #touch(): Promise<void> {
    try {
      const now = new Date();
      await utimes(this.file, now, now);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return; // a full or read-only disk takes the lock from nobody
      clearInterval(this.#beat);
      this.#lose();
    }
  }

  async #draft(record: LockRecord<Note>): Promise<string> {
    const draft = join(this.folder, `draft-${randomUUID()}`);
    await writeFile(draft, JSON.stringify(record));
    return draft;
  }
}

/** When a file was written or touched last; undefined: it is not there. */
async function touchedAt(file: string): Promise<bigint | undefined> {
  try {
    return (await stat(file, { bigint: true })).mtimeNs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse<Note>(text: string): LockRecord<Note> | undefined {
  try {
    return JSON.parse(text) as LockRecord<Note>;
  } catch {
    // Records appear whole (link, rename). A torn one is what a power cut leaves: no process that wrote it lives.
    return undefined;
  }
}
