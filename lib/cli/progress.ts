/** The least time between two drawings, in milliseconds. */
const PAUSE = 100;
const WIDTH = 30;

/** How far long work has come: a bar on the standard error when that is a terminal, else nothing. */
export class Progress implements Disposable {
  readonly #what: string;
  readonly #total: number | undefined;
  #done = 0;
  #drawnAt = -Infinity;
  #isDrawn = false;

  /** @param total how much there is to do, when that is known */
  constructor(what: string, total?: number) {
    this.#what = what;
    this.#total = total;
  }

  /** How much is done. */
  get done(): number {
    return this.#done;
  }

  add(count = 1): void {
    this.#done += count;
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#drawnAt < PAUSE) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    process.stderr.write(`\r\x1b[K${this.#text()}`);
  }

  /** Takes the bar away. */
  [Symbol.dispose](): void {
    if (this.#isDrawn) process.stderr.write('\r\x1b[K');
  }

  #text(): string {
    if (!this.#total) return `${this.#what}: ${this.#done}`;
    const part = Math.min(1, this.#done / this.#total);
    const full = Math.round(part * WIDTH);
    return `${this.#what}: [${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${this.#done} of ${this.#total}`;
  }
}
