/**
 * The programs of the family of times: bells that are rung at times, have reminders and are deleted, and doors before which not
 * many may wait. Data, run by time-actors.ts and time-clients.ts, and judged by time-watch.ts and time-outcome.ts.
 */

/** What a bell is rung with. Of the same bell no two have the same id. */
export interface Ring {
  readonly id: string;
  /** When it is to be, in milliseconds since 1970; absent: at once. */
  readonly due?: number;
  /** Of `relay`: the bell that it calls, one behind it, so that no two wait for each other. */
  readonly to?: string;
}

/** `ring` notes it, `slow` does so after a while, `relay` calls another bell first. */
export type RingOperation = 'ring' | 'slow' | 'relay';

/** Has a bell signal another one, for later. */
export interface Pass {
  readonly id: string;
  readonly to: string;
  readonly wait: number;
  readonly operation: RingOperation;
  readonly calls?: string;
}

/** Sets a reminder, which ends by itself when it has come often enough. */
export interface Remind {
  readonly id: string;
  readonly name: string;
  /** When it comes first, in milliseconds from now. */
  readonly first: number;
  /** Absent: it comes once. */
  readonly every?: number;
  readonly count: number;
  /** Until so many milliseconds from now its operation fails. */
  readonly failing: number;
  /** The last time it deletes its bell. */
  readonly silences?: true;
}

/** What the operation of a reminder is given. */
export interface Tick {
  readonly id: string;
  readonly name: string;
  readonly count: number;
  readonly failsUntil: number;
  readonly silences?: true;
}

/** A reminder as the operation that sets it notes it. */
export interface SetReminder {
  readonly id: string;
  readonly name: string;
  readonly at: number;
  readonly every?: number;
  readonly failsUntil: number;
}

/** What a bell notes of an operation; `at`: the time of the operation. */
export interface Note {
  readonly at: number;
  readonly isNew: boolean;
  /** The names of its reminders behind the operation, sorted. */
  readonly reminders: readonly string[];
  readonly due?: number;
  readonly set?: SetReminder;
  readonly cancelled?: { readonly name: string; readonly was: boolean };
  /** The nth time of a reminder; whether it was the last. */
  readonly tick?: { readonly id: string; readonly name: string; readonly n: number; readonly isLast: boolean };
}

export interface BellState {
  readonly count: number;
  /** The newest note alone: its id, a blank and the note. */
  readonly log: readonly string[];
  /** How often reminders have come, by their ids. */
  readonly ticks: Readonly<Record<string, number>>;
}

export const silent: BellState = { count: 0, log: [], ticks: {} };

/** The id and the rest of a note. */
export function readNote(text: string): { readonly id: string; readonly note: Note } {
  const at = text.indexOf(' ');
  return { id: text.slice(0, at), note: JSON.parse(text.slice(at + 1)) as Note };
}

/** What an orchestration does with bells, one thing after another. All ids begin with its own and a slash. */
export type BellStep =
  | {
      readonly do: 'later';
      readonly key: string;
      readonly ring: Ring;
      readonly wait: number;
      readonly operation: RingOperation;
    }
  /** Locks a bell, rings it, waits, and lets it go; in between it may delete it. */
  | { readonly do: 'hold'; readonly key: string; readonly id: string; readonly wait: number; readonly clears: boolean }
  | { readonly do: 'timer'; readonly milliseconds: number };

/** What a client does with bells and doors; `await`: it waits for the end of this before the next. */
export type TimeAction = { readonly await?: boolean } & (
  | {
      readonly do: 'ring';
      readonly key: string;
      readonly ring: Ring;
      /** 0: at once. */
      readonly wait: number;
      readonly operation: RingOperation;
    }
  | { readonly do: 'pass'; readonly key: string; readonly pass: Pass }
  | { readonly do: 'remind'; readonly key: string; readonly remind: Remind }
  | { readonly do: 'unremind'; readonly key: string; readonly id: string; readonly name: string }
  | { readonly do: 'silence'; readonly key: string }
  /** Calls a readonly operation. */
  | { readonly do: 'listen'; readonly key: string }
  | { readonly do: 'plan'; readonly instanceId: string; readonly steps: readonly BellStep[] }
  | { readonly do: 'knock'; readonly key: string; readonly id: string; readonly isCall: boolean }
);

export const BELLS = ['b0', 'b1', 'b2', 'b3'];
export const DOORS = ['d0', 'd1'];
/** So many may wait before a door. */
export const MOST_AT_DOOR = 3;

/** All orchestrations of this family are called so. */
export const PLAN = 'plan-';
