/** Everything that clients asked for in a run, and what they were told of it: what the oracles judge by. */

/** The notes of one sender for one journal: numbers from 1 on. */
export interface Sent {
  count: number;
  readonly accepted: number[];
  /** Given up without an answer: each may be there, once. */
  readonly unknown: number[];
}

/** An operation or exact read of a journal, with the version that it saw. Times are of `performance.now()`. */
export interface Seen {
  readonly isRead: boolean;
  /** Who asked, for people who look. */
  readonly by: string;
  readonly began: number;
  readonly ended: number;
  readonly version: number;
}

/** An orchestration instance that was started. */
export interface Started {
  readonly kind: string;
  readonly input: unknown;
  /** What it must return; undefined: the oracle of its kind knows. */
  readonly expected: unknown;
  /** False while the client does not know whether the start was stored. */
  isAccepted: boolean;
  /** When its start was sent, of `Date.now()`. */
  beganAt: number;
  /** When it ended, or the client was told, of `Date.now()`. */
  endedAt?: number;
  /** When it was sent what it has to wait for, if that was later than it should be. */
  since?: number;
  output?: unknown;
  error?: string;
  /** Numbers that it took by updates, and the place that it answered for each, from 1. */
  readonly answers: (readonly [number: number, place: number])[];
}

export class Accepted {
  /** journal -> sender -> what was sent. */
  readonly notes = new Map<string, Map<string, Sent>>();
  /** From which journal to which, and how often. */
  readonly relays = new Map<string, { readonly to: string; accepted: number; unknown: number }>();
  readonly seen = new Map<string, Seen[]>();
  readonly orchestrations = new Map<string, Started>();
  /** What was answered with an error that nobody may get. */
  readonly errors: string[] = [];
  operations = 0;
  reads = { exact: 0, view: 0 };

  notesOf(journal: string, sender: string): Sent {
    let senders = this.notes.get(journal);
    if (!senders) this.notes.set(journal, (senders = new Map()));
    let sent = senders.get(sender);
    if (!sent) senders.set(sender, (sent = { count: 0, accepted: [], unknown: [] }));
    return sent;
  }

  saw(journal: string, seen: Seen): void {
    const all = this.seen.get(journal);
    if (all) all.push(seen);
    else this.seen.set(journal, [seen]);
  }
}
