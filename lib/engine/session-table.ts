import { partitionOf } from '../wire/addresses.js';
import type { ChangedDrawers, SessionState } from '../wire/checkpoint.js';
import type { CommitRecord, Outcome, SkippedNumbers } from '../wire/record.js';
import { OutcomeValues } from './outcome-values.js';
import { messageIdOf, parseSessionId, type SessionId } from '../wire/sessions.js';

/** A checkpoint stores sessions in so many drawers, each of which only when something in it has changed (P10). */
const DRAWERS = 64;
/** Ranges of given-up numbers that a session keeps: what is older is answered by silence. */
const MOST_SKIPPED = 100;
/** Calls that their clients gave up and that are still to end, per session; the outcomes of more are kept. */
const MOST_UNWANTED = 1_024;
/** What a session and a stored outcome take beside the outcome's text, in bytes of memory, as measured. */
const SESSION_BYTES = 512;
const OUTCOME_BYTES = 64;

/** A client's session, as far as it is committed. */
interface Session {
  readonly drawer: number;
  mark: number;
  usedAt: number;
  /** Outcomes as JSON texts: their length is known, and that is what they take. */
  readonly outcomes: Map<number, string>;
  readonly skipped: SkippedNumbers[];
  readonly unwanted: Set<number>;
}

/** What is known of a message of a session. */
export interface Answer {
  readonly outcome?: Outcome;
  /** It has been accepted, or its number given up. */
  readonly accepted?: true;
}

/**
 * The sessions of a partition's clients (P5), changed by acknowledged records only. A session is there from the record that
 * accepts its hello to the one that ends it: what is not there is gone, or still to come if its hello is.
 */
export class SessionTable {
  /** The one used longest ago stands first. */
  readonly #sessions = new Map<SessionId, Session>();
  /** The drawers in which something has changed since the last checkpoint. */
  readonly #changed = new Set<number>();
  #bytes = 0;
  readonly #values: OutcomeValues;

  constructor(values = new OutcomeValues()) {
    this.#values = values;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** About the memory that they take. */
  get bytes(): number {
    return this.#bytes;
  }

  has(id: SessionId): boolean {
    return this.#sessions.has(id);
  }

  mark(id: SessionId): number | undefined {
    return this.#sessions.get(id)?.mark;
  }

  /** How many outcomes its client may still ask for. */
  outcomes(id: SessionId): number {
    return this.#sessions.get(id)?.outcomes.size ?? 0;
  }

  /** All sessions, the one used longest ago first. */
  *idlest(): Iterable<{
    readonly id: SessionId;
    readonly usedAt: number;
    readonly bytes: number;
    readonly kept: number;
  }> {
    for (const [id, { usedAt, outcomes }] of this.#sessions)
      yield { id, usedAt, bytes: bytesOfAll(outcomes), kept: outcomes.size };
  }

  /** What became of a message; `accepted`: the mail whose effects the tables know. */
  answer(id: SessionId, number: number, accepted: number): Answer {
    const session = this.#sessions.get(id);
    const messageId = messageIdOf(id, number);
    if (!session) {
      const { hello = Infinity } = parseSessionId(id) ?? {};
      return hello <= accepted ? { outcome: { id: messageId, refused: 'sessionExpired' } } : {};
    }
    if (number > session.mark) return {};
    const stored = session.outcomes.get(number);
    if (stored !== undefined) return { outcome: JSON.parse(stored) as Outcome, accepted: true };
    if (!session.skipped.some(([first, last]) => first <= number && number <= last)) return { accepted: true };
    return { outcome: { id: messageId, refused: 'notAccepted' }, accepted: true };
  }

  apply({ sessions, skipped, done, ended, at }: CommitRecord): void {
    for (const [id, mark] of Object.entries(sessions ?? {})) this.#use(id, mark, at);
    for (const [id, ranges] of Object.entries(skipped ?? {})) this.#skip(this.#sessions.get(id), ranges);
    for (const [id, numbers] of Object.entries(done ?? {}))
      for (const number of numbers) this.#forget(this.#sessions.get(id), number);
    for (const id of ended ?? []) this.#end(id);
  }

  /** Keeps an outcome while its client may ask for it: not that of a session which has ended. */
  keep(id: SessionId, number: number, outcome: Outcome): void {
    const session = this.#sessions.get(id);
    const text = JSON.stringify(outcome);
    if (session && !session.unwanted.has(number)) return this.#store(session, number, text);
    this.#values.forget(text);
    if (session?.unwanted.delete(number)) this.#changed.add(session.drawer);
  }

  /** The drawers that have changed since the last call, as they are now (P10). */
  takeChanged(): ChangedDrawers {
    const changed = new Map<number, SessionState[]>();
    for (const drawer of this.#changed) changed.set(drawer, []);
    if (changed.size > 0)
      for (const [id, session] of this.#sessions) changed.get(session.drawer)?.push(stateOf(id, session));
    this.#changed.clear();
    return changed;
  }

  /** From what a checkpoint holds. */
  restore(states: readonly SessionState[]): void {
    const byUse = states.toSorted((a, b) => a.usedAt - b.usedAt);
    for (const { id, mark, usedAt, outcomes = [], skipped = [], unwanted = [] } of byUse) {
      this.#use(id, mark, usedAt);
      const session = this.#sessions.get(id)!;
      session.skipped.push(...skipped);
      for (const number of unwanted) session.unwanted.add(number);
      for (const [number, text] of outcomes) this.#store(session, number, text);
    }
    this.#changed.clear();
  }

  #use(id: SessionId, mark: number, at: number): void {
    const session = this.#sessions.get(id);
    if (session) this.#sessions.delete(id);
    else this.#bytes += SESSION_BYTES;
    const used = session ?? newSession(id, mark, at);
    this.#changed.add(used.drawer);
    used.mark = mark;
    used.usedAt = at;
    this.#sessions.set(id, used);
  }

  #skip(session: Session | undefined, ranges: readonly SkippedNumbers[]): void {
    if (!session) return;
    const { skipped, drawer } = session;
    this.#changed.add(drawer);
    for (const [first, last] of ranges) {
      const before = skipped.at(-1);
      if (before && before[1] + 1 === first) skipped[skipped.length - 1] = [before[0], last];
      else skipped.push([first, last]);
    }
    skipped.splice(0, skipped.length - MOST_SKIPPED);
  }

  #store(session: Session, number: number, text: string): void {
    session.outcomes.set(number, text);
    this.#changed.add(session.drawer);
    this.#bytes += bytesOf(text);
  }

  /** Nobody waits for an outcome any more; one that is still to come will not be kept. */
  #forget(session: Session | undefined, number: number): void {
    if (!session) return;
    this.#changed.add(session.drawer);
    const text = session.outcomes.get(number);
    if (text !== undefined) this.#bytes -= bytesOf(text);
    this.#values.forget(text);
    const isStored = session.outcomes.delete(number);
    const isRefused = session.skipped.some(([first, last]) => first <= number && number <= last);
    if (!isStored && !isRefused && session.unwanted.size < MOST_UNWANTED) session.unwanted.add(number);
  }

  #end(id: SessionId): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sessions.delete(id);
    this.#changed.add(session.drawer);
    this.#bytes -= SESSION_BYTES + bytesOfAll(session.outcomes);
    for (const text of session.outcomes.values()) this.#values.forget(text);
  }
}

function newSession(id: SessionId, mark: number, usedAt: number): Session {
  return { drawer: drawerOf(id), mark, usedAt, outcomes: new Map(), skipped: [], unwanted: new Set() };
}

/** Any spreading will do, as long as it stays: pages that former owners stored are kept. */
function drawerOf(id: SessionId): number {
  return partitionOf(id, DRAWERS);
}

function stateOf(id: SessionId, { mark, usedAt, outcomes, skipped, unwanted }: Session): SessionState {
  return {
    id,
    mark,
    usedAt,
    ...(outcomes.size > 0 && { outcomes: [...outcomes] }),
    ...(skipped.length > 0 && { skipped: [...skipped] }),
    ...(unwanted.size > 0 && { unwanted: [...unwanted] }),
  };
}

function bytesOfAll(outcomes: ReadonlyMap<number, string>): number {
  let bytes = 0;
  for (const text of outcomes.values()) bytes += bytesOf(text);
  return bytes;
}

/** A text in memory has one byte for each character, or two if any needs them. */
function bytesOf(text: string): number {
  return OUTCOME_BYTES + (/[^\0-\xff]/.test(text) ? 2 : 1) * text.length;
}
