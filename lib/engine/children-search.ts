import { decodeHead } from '../wire/head-codec.js';
import { mayHaveParent, readNote, summaryOf, type HeadSummary, type ParentRun } from '../wire/head-summary.js';
import type { Address } from '../wire/messages.js';
import { isUnreadable } from './damage.js';
import type { Loops } from './loops.js';
import type { HubPorts, Note, Views } from './ports.js';
import { viewsStored } from './views-stored.js';

/** A run of an instance that another one has started. */
export interface FoundChild {
  readonly address: Address;
  readonly runId: string;
}

type Searched = Pick<HubPorts, 'partitions' | 'subjects' | 'viewsOf' | 'bus' | 'clock' | 'random'>;

type Found = ReadonlyMap<Address, FoundChild>;

/** A look at all views for the children of several runs. */
class Look {
  readonly wanted = new Map<string, Map<Address, FoundChild>>();

  want(parent: ParentRun): Found {
    const key = keyOf(parent);
    const found = this.wanted.get(key) ?? new Map<Address, FoundChild>();
    this.wanted.set(key, found);
    return found;
  }

  take(address: Address, { parent, run: runId }: HeadSummary): void {
    if (parent) this.wanted.get(keyOf(parent))?.set(address, { address, runId });
  }
}

/**
 * Finds the children of a run in all partitions, by what is noted beside their views (docs/adr/0042): what its history does
 * not show, because they were started before it continued as new. Each look goes through all notes, so those who
 * come while one is under way share the next.
 */
export class ChildrenSearch {
  readonly #hub: Searched;
  readonly #loops: Loops;
  #next: { readonly look: Look; readonly done: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(hub: Searched, loops: Loops) {
    this.#hub = hub;
    this.#loops = loops;
  }

  /** All that were there when it was asked and are still there; of partitions that nobody owns, as far as their views are up to date. */
  async find(parent: ParentRun): Promise<readonly FoundChild[]> {
    this.#next ??= this.#begin();
    const { look, done } = this.#next;
    const found = look.want(parent);
    await done;
    return [...found.values()];
  }

  #begin(): { readonly look: Look; readonly done: Promise<void> } {
    const look = new Look();
    const run = (): Promise<void> => {
      this.#next = undefined; // whoever comes now may be looking for what was seen already
      return this.#loops.watch('a look for children', this.#lookAtAll(look));
    };
    const done = this.#last.then(run, run);
    this.#last = done;
    return { look, done };
  }

  async #lookAtAll(look: Look): Promise<void> {
    const partitions = Array.from({ length: this.#hub.partitions }, (_, partition) => partition);
    await Promise.all(partitions.map((partition) => viewsStored(this.#hub, partition)));
    for (const partition of partitions) {
      const views = this.#hub.viewsOf(partition);
      const subjects = this.#hub.subjects.partition(partition);
      for await (const notes of views.notes(subjects.head('o.*'), 1, true))
        for (const note of notes) {
          const address = subjects.addressOf(note.subject);
          const summary = address === undefined ? undefined : await summaryIn(note, views);
          if (address !== undefined && summary) look.take(address, summary);
        }
    }
  }
}

/** Of a head that has no note all is read. Undefined: it is nobody's child, or cannot be read, or is gone. */
async function summaryIn({ subject, note }: Note, views: Views): Promise<HeadSummary | undefined> {
  if (note !== undefined) return mayHaveParent(note) ? readNote(note) : undefined;
  const stored = await views.read(subject);
  try {
    const head = stored && decodeHead(stored.body, `The head ${subject}`);
    return head?.type === 'orchestration' ? summaryOf(head) : undefined;
  } catch (error) {
    if (isUnreadable(error)) return undefined; // which is told when it is loaded
    throw error;
  }
}

function keyOf({ instanceId, runId }: ParentRun): string {
  return JSON.stringify([instanceId, runId]);
}
