import { accepts, readAdvert } from '../core/orchestrator-version.js';
import type { CodeName } from '../engine/activation.js';
import type { Directory } from '../engine/delegation.js';
import type { Subscription } from '../engine/ports.js';
import { runsEntity, type WorkerRecord } from '../wire/ownership.js';

/** The workers that were seen at the last look, and what they registered. */
export class WorkerDirectory implements Directory {
  readonly #self: string;
  readonly #listeners = new Set<() => void>();
  #seen = '';
  #workers: ReadonlyMap<string, readonly Registration[]> = new Map();

  /** `self`: this worker, which is never asked for what it has not registered. */
  constructor(self: string) {
    this.#self = self;
  }

  workersWith({ kind, name, version }: CodeName): readonly string[] {
    const registered = this.#workers.get(`${kind} ${name}`) ?? [];
    return [...new Set(registered.filter(({ runs }) => runs(version)).map(({ worker }) => worker))];
  }

  onChange(listener: () => void): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** These live now. */
  see(workers: Iterable<WorkerRecord>): void {
    const next = new Map<string, Registration[]>();
    const others = [...workers].filter(({ id, state }) => id !== this.#self && state !== 'leaving');
    for (const record of others) {
      const { id: worker, entities, orchestrators } = record;
      for (const name of entities)
        add(next, `entity ${name}`, { worker, runs: (version) => runsEntity(record, name, version) });
      for (const orchestrator of orchestrators.map(readAdvert))
        add(next, `orchestrator ${orchestrator.name}`, { worker, runs: (version) => accepts(orchestrator, version) });
    }
    const seen = JSON.stringify(
      others.map(({ id, entities, stateVersions, orchestrators }) => [id, entities, stateVersions, orchestrators]),
    );
    this.#workers = next;
    if (seen === this.#seen) return;
    this.#seen = seen;
    for (const listener of this.#listeners) listener();
  }
}

/** A worker that registered a name, and the versions of it that it runs. */
interface Registration {
  readonly worker: string;
  readonly runs: (version: string | undefined) => boolean;
}

function add(workers: Map<string, Registration[]>, name: string, registration: Registration): void {
  const known = workers.get(name);
  if (known) known.push(registration);
  else workers.set(name, [registration]);
}
