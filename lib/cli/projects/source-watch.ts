import { watch, type FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What comes within so many milliseconds is one change: editors write a file in several steps. */
const MOMENT = 100;

const ignored = /^(?:node_modules|build|dist|\..*)$/;
const sources = /\.(?:[cm]?[jt]s|json)$/;

/** Tells of changes of the sources below folders, but for what is installed, built or hidden there. */
export class SourceWatch implements Disposable {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(folders: readonly string[], onChange: () => void) {
    this.#onChange = onChange;
    for (const folder of folders) void this.#watch(folder);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Folder by folder: what Node.js does with `recursive` would watch all that is installed. */
  async #watch(folder: string): Promise<void> {
    if (this.#isOver || this.#watchers.has(folder)) return;
    const forget = (): void => {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    };
    try {
      const watcher = watch(folder, (event, name) => this.#changed(folder, event, name));
      this.#watchers.set(folder, watcher.on('error', forget));
      const entries = await readdir(folder, { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory() && !ignored.test(entry.name));
      await Promise.all(folders.map(({ name }) => this.#watch(join(folder, name))));
    } catch {
      forget(); // it was no folder, or is gone
    }
  }

  #changed(folder: string, event: string, name: string | null): void {
    if (name === null || ignored.test(name) || this.#isOver) return;
    if (!sources.test(name)) {
      if (event === 'rename') void this.#watch(join(folder, name)); // it may be a new folder
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onChange, MOMENT);
  }
}
