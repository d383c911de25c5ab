import type { HistoryEvent } from './history.js';

/**
 * What `ctx.patched` answers in one execution.
 *
 * V1. An id has one answer in an execution, given at its first call: all that stands under one id is run, or none.
 * V2. Live, the answer is yes, and the marker is recorded before anything that follows from it.
 * V3. On replay the answer is yes if the history has the marker, wherever it stands: code may ask earlier than it did.
 */
export class Patches {
  readonly #recorded = new Set<string>();
  readonly #answers = new Map<string, boolean>();

  /** A history is about to be replayed. */
  read(history: readonly HistoryEvent[]): void {
    for (const event of history) if (event.type === 'Patched') this.#recorded.add(event.name);
  }

  /** The answer for an id; `record` is called when its marker is to be recorded. */
  isPatched(name: string, isReplaying: boolean, record: () => void): boolean {
    const known = this.#answers.get(name);
    if (known !== undefined) return known;
    const isRecorded = this.#recorded.has(name);
    const answer = isRecorded || !isReplaying;
    this.#answers.set(name, answer);
    if (answer && !isRecorded) record();
    return answer;
  }
}
