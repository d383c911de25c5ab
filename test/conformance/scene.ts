import type { StoredMessage, Subscription, TaskConsumption, QueuedTask } from '../../lib/engine/ports.js';
import type { ValueReference } from '../../lib/core/values.js';
import { type HubSubjects, type PartitionSubjects, subjectsOf } from '../../lib/wire/subjects.js';
import type { Connection, Side } from './side.js';

/** Which of the sequences that were seen a write expects, or a removal names. */
export type Seen = 'last' | 'none' | 'former' | 'ahead';

/** A subscription that the list of operations opened. */
export interface Opened {
  readonly name: string;
  readonly subscription: Subscription;
}

/** Somebody who listens to core messages. */
export interface Listener extends Opened {
  readonly where: string;
}

/** A worker's part in serving a queue. */
export interface Taker extends Opened {
  readonly queue: string;
  readonly subscription: TaskConsumption;
  isOpen: boolean;
  readonly held: QueuedTask[];
  wanted: number;
}

/** Where a list of operations is carried out: one side, and what was seen of it so far. */
export class Scene {
  readonly subjects: HubSubjects;
  readonly inboxes: Opened[] = [];
  readonly listeners: Listener[] = [];
  readonly takers: Taker[] = [];
  readonly references: ValueReference[] = [];
  readonly isClosed = [false, false];
  readonly #seen = new Map<string, number[]>();
  #bodies = 0;
  #opened = 0;
  #heard: string[][] = [];

  constructor(readonly side: Side) {
    this.subjects = subjectsOf(side.hub);
  }

  connection(who: number): Connection {
    return this.side.connections[who]!;
  }

  names(partition: number): PartitionSubjects {
    return this.subjects.partition(partition);
  }

  /** A text like no other of this list. */
  text(): string {
    return `body ${this.#bodies++}`;
  }

  /** Remembers a sequence that a write was answered with. */
  saw(what: string, sequence: number | undefined): void {
    if (sequence === undefined) return;
    this.#all(what).push(sequence);
  }

  /** A sequence that was seen of something. */
  sequence(what: string, which: Seen): number {
    const all = this.#all(what);
    if (which === 'none') return 0;
    if (which === 'former') return all.at(-2) ?? 0;
    return (all.at(-1) ?? 0) + (which === 'ahead' ? 1_000 : 0);
  }

  #all(what: string): number[] {
    let all = this.#seen.get(what);
    if (!all) this.#seen.set(what, (all = []));
    return all;
  }

  /** A name for something that hears, and where it is to tell what it hears. */
  hearer(kind: string): { readonly name: string; readonly hear: (what: string) => void } {
    const at = this.#opened++;
    const events: string[] = [];
    this.#heard.push(events);
    const name = `${kind} ${at}`;
    return { name, hear: (what) => void events.push(`${name}: ${what}`) };
  }

  /** How much was heard and not yet taken. */
  get heardCounts(): readonly number[] {
    return this.#heard.map(({ length }) => length);
  }

  /** What was heard since it was asked for last, by who heard it. */
  takeHeard(): string[][] {
    return this.#heard.map((events) => events.splice(0));
  }

  /** A subject as it can be compared: without the hub's name. */
  place(subject: string): string {
    return subject.replace(this.side.hub, 'HUB');
  }

  /** A message as it can be compared: without its time, too. */
  shown({ sequence, subject, body, time }: StoredMessage): string {
    return `${sequence} ${this.place(subject)} ${textOf(body)}${Number.isInteger(time) ? '' : ` at ${time}`}`;
  }
}

/** Bytes as text; many bytes as their number. */
export function textOf(body: Uint8Array): string {
  return body.length > 100 ? `${body.length} bytes` : new TextDecoder().decode(body);
}
