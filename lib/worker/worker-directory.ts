import type { CodeName } from '../engine/activation.js';
import type { Directory } from '../engine/delegation.js';
import type { Subscription } from '../engine/ports.js';
import type { WorkerRecord } from '../wire/ownership.js';

/** The workers that were seen at the last look, and what they registered. */
export class WorkerDirectory implements Directory {
  readonly #self: string;
  readonly #listeners = new Set<() => void>();
  #seen = '';
  #workers = new Map<string, readonly string[]>();

  /** `self`: this worker, which is never asked for what it has not registered. */
  constructor(self: string) {
    this.#self = self;
  }

  workersWith({ kind, name }: CodeName): readonly string[] {
    return this.#workers.get(`${kind} ${name}`) ?? [];
  }

  onChange(listener: () => void): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** These live now. */
  see(workers: Iterable<WorkerRecord>): void {
    const next = new Map<string, string[]>();
    for (const { id, state, entities, orchestrators } of workers) {
      if (id === this.#self || state === 'leaving') continue;
      for (const name of entities) add(next, `entity ${name}`, id);
      for (const name of orchestrators) add(next, `orchestrator ${name}`, id);
    }
    const seen = JSON.stringify([...next]);
    this.#workers = next;
    if (seen === this.#seen) return;
    this.#seen = seen;
    for (const listener of this.#listeners) listener();
  }
}

function add(workers: Map<string, string[]>, name: string, id: string): void {
  const known = workers.get(name);
  if (known) known.push(id);
  else workers.set(name, [id]);
}
