import type { CommitRecord, SkippedNumbers } from '../wire/record.js';
import type { SessionId } from '../wire/sessions.js';
import type { SessionTable } from './session-table.js';

/** Sessions that a partition keeps; beyond them those used longest ago end. */
const MOST_SESSIONS = 20_000;
/** A session that was not used for so many milliseconds ends: its client has opened another, or is gone. */
const LONGEST_IDLE = 3_600_000;
/**
 * Sessions with outcomes end, those used longest ago first, when all take more memory than this, until they take less: room
 * for 10,000 with 20 small outcomes each.
 */
const MOST_BYTES = 36 * 1024 * 1024;
const FEWER_BYTES = 32 * 1024 * 1024;
/** So many sessions end in one record at most. */
const MOST_ENDED = 500;

/** What a piece of mail says of a session. */
export interface SessionNews {
  readonly id: SessionId;
  readonly mark: number;
  readonly done?: readonly number[] | undefined;
  readonly skipped?: readonly SkippedNumbers[] | undefined;
  readonly isEnded?: true;
}

/** What a record says of sessions. */
export type SessionFields = Pick<CommitRecord, 'sessions' | 'ended' | 'done' | 'skipped'>;

/**
 * The sessions as of the last mail delivered, ahead of the table (P5). A session ends at its client's wish, when it was not
 * used for an hour, or for want of room; the record that ends it says so, so every owner knows the same sessions.
 */
export class ClientSessions {
  readonly #table: SessionTable;
  /** Marks that the table does not know yet. */
  readonly #marks = new Map<SessionId, number>();
  /** Sessions that the table does not know to be ended yet. */
  readonly #ended = new Set<SessionId>();
  /** Of both, what is in a sealed record: once it is acknowledged the table knows. */
  #sealed: SessionId[] = [];

  constructor(table: SessionTable) {
    this.#table = table;
  }

  /** The highest number taken; undefined: there is no such session. */
  mark(id: SessionId): number | undefined {
    if (this.#ended.has(id)) return undefined;
    return this.#marks.get(id) ?? this.#table.mark(id);
  }

  /** How many outcomes its client may still ask for. */
  outcomes(id: SessionId): number {
    return this.#table.outcomes(id);
  }

  /** Mail says something new. */
  take({ id, mark, isEnded }: SessionNews): void {
    this.#marks.set(id, mark);
    if (isEnded) this.#ended.add(id);
  }

  /** What the record that accepts this news says; `now`: when the last mail that it accepts was stored. */
  accept(news: readonly SessionNews[], now: number | undefined): SessionFields {
    const ended = news.filter(({ isEnded }) => isEnded).map(({ id }) => id);
    if (news.length > 0 || now !== undefined) ended.push(...this.#evict(news, now ?? 0));
    const sessions = new Map<SessionId, number>();
    const done = new Map<SessionId, number[]>();
    const skipped = new Map<SessionId, SkippedNumbers[]>();
    for (const { id, mark, done: numbers, skipped: ranges } of news) {
      sessions.set(id, mark);
      if (numbers && numbers.length > 0) done.set(id, [...(done.get(id) ?? []), ...numbers]);
      if (ranges && ranges.length > 0) skipped.set(id, [...(skipped.get(id) ?? []), ...ranges]);
    }
    this.#sealed.push(...sessions.keys(), ...ended);
    return {
      ...(ended.length > 0 && { ended }),
      ...(sessions.size > 0 && { sessions: Object.fromEntries(sessions) }),
      ...(done.size > 0 && { done: Object.fromEntries(done) }),
      ...(skipped.size > 0 && { skipped: Object.fromEntries(skipped) }),
    };
  }

  /** The record of the last `accept` is applied to the table. */
  acknowledged(): void {
    for (const id of this.#sealed) {
      const mark = this.#table.mark(id);
      if (mark === this.#marks.get(id) || mark === undefined) this.#marks.delete(id);
      if (mark === undefined) this.#ended.delete(id);
    }
    this.#sealed = [];
  }

  /** Ends what is idle and what is too much. What mail has named since, and no record yet, is in use. */
  #evict(news: readonly SessionNews[], now: number): readonly SessionId[] {
    const opened = news.filter(({ mark }) => mark === 0).length; // by a hello
    let excess = this.#table.size + opened - MOST_SESSIONS;
    let bytes = this.#table.bytes > MOST_BYTES ? this.#table.bytes - FEWER_BYTES : 0;
    const victims: SessionId[] = [];
    for (const { id, usedAt, kept, bytes: its } of this.#table.idlest()) {
      const isIdle = now - usedAt > LONGEST_IDLE;
      if ((!isIdle && excess <= 0 && bytes <= 0) || victims.length === MOST_ENDED) break;
      if (this.#marks.has(id) || this.#ended.has(id)) continue;
      if (!isIdle && excess <= 0 && kept === 0) continue;
      victims.push(id);
      this.#ended.add(id);
      excess--;
      bytes -= its;
    }
    return victims;
  }
}
