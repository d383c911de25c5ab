import type { HistoryEvent } from './history.js';

/**
 * What `ctx.patched` answers in one execution.
 *
 * V1. An id has one answer in an execution, given at its first call: all that stands under one id is run, or none.
 * V2. Live, the answer is yes, and the marker is recorded before anything that follows from it.
 * V3. On replay the answer is yes if the history has the marker, wherever it stands: code may ask earlier than it did.
 */
export class Patches {
  // Both are made when they are needed: most code asks for no patch.
  #recorded: Set<string> | undefined;
  #answers: Map<string, boolean> | undefined;

  /** A history is about to be replayed. */
  read(history: readonly HistoryEvent[]): void {
    for (const event of history) if (event.type === 'Patched') (this.#recorded ??= new Set()).add(event.name);
  }

  /** The answer for an id; `record` is called when its marker is to be recorded. */
  isPatched(name: string, isReplaying: boolean, record: () => void): boolean {
    const known = this.#answers?.get(name);
    if (known !== undefined) return known;
    const isRecorded = this.#recorded?.has(name) ?? false;
    const answer = isRecorded || !isReplaying;
    (this.#answers ??= new Map()).set(name, answer);
    if (answer && !isRecorded) record();
    return answer;
  }
}
