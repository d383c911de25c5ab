import type { Json } from '../../lib/core/values.js';
import type { Action, Noted } from './script.js';

/**
 * The programs of the other family: lives of instances, each a script of its own and what a client does with the instance
 * as a whole. Data, run by lifecycle-actors.ts and lifecycle-clients.ts, and judged by lifecycle-outcome.ts.
 */

/** What an orchestrator of the first family does, too. */
export type PlainAction = Extract<
  Action,
  { readonly do: 'work' | 'retry' | 'call' | 'signal' | 'timer' | 'all' | 'race' | 'timeout' | 'continue' }
>;

/** An activity that fails so many times: it succeeds only when it is asked for again, as after a rewind. */
export interface Flunk {
  readonly do: 'flunk';
  readonly id: string;
  readonly failures: number;
}

/** One thing that the orchestrator of a life does. `id` is unique in the simulation. */
export type LifeAction =
  | PlainAction
  | Flunk
  /** Waits for so many events, which its client raises. */
  | { readonly do: 'notes'; readonly count: number }
  /** Waits for events that others sent, perhaps before it began: these, in this order, and no more. */
  | { readonly do: 'early'; readonly ids: readonly string[] }
  /** Waits until there were so many updates. */
  | { readonly do: 'until'; readonly count: number }
  /** Waits for a condition that never holds, so long. */
  | { readonly do: 'never'; readonly milliseconds: number }
  /** A step of a saga: what undoes it is done when the life fails or is canceled. */
  | { readonly do: 'step'; readonly key: string; readonly id: string }
  /** Waits for all of these, whatever becomes of each. */
  | { readonly do: 'settled'; readonly of: readonly (Extract<PlainAction, { readonly do: 'work' }> | Flunk)[] }
  /** A failure beside a timer of an hour. */
  | { readonly do: 'failFast'; readonly id: string }
  /** An activity that has an hour. */
  | { readonly do: 'within'; readonly id: string }
  /** An activity that fails so many times, tried as long as a handler wants: up to that attempt. */
  | { readonly do: 'handled'; readonly id: string; readonly failures: number; readonly limit: number }
  /** Starts an instance of its own. */
  | { readonly do: 'startNew'; readonly instanceId: string; readonly of: readonly LifeAction[] }
  /** Sends events to another instance, which may not have been started. */
  | { readonly do: 'herald'; readonly to: string; readonly ids: readonly string[] }
  /** Starts a child and waits for it, whatever becomes of it; `isStrict`: it fails with its child. */
  | {
      readonly do: 'child';
      readonly instanceId: string;
      readonly of: readonly LifeAction[];
      readonly isStrict?: true;
    }
  /** Starts a child and does not wait for it. */
  | { readonly do: 'leave'; readonly instanceId: string; readonly of: readonly LifeAction[] }
  /** A child, and an activity beside it that fails so many times: the life fails without waiting for its child. */
  | {
      readonly do: 'beside';
      readonly instanceId: string;
      readonly of: readonly LifeAction[];
      readonly id: string;
      readonly failures: number;
    }
  /** An activity that ends only when nobody wants it any more. */
  | { readonly do: 'hold'; readonly id: string; readonly isRemote?: true };

/** What the orchestrator of a life is started with, and continues as new with. */
export interface LifeScript {
  /** Unique for every start that a client makes. */
  readonly token: string;
  readonly actions: readonly LifeAction[];
  readonly noted: LifeNoted;
}

/** What it returns. */
export interface LifeNoted extends Noted {
  readonly updates: readonly string[];
  readonly token: string;
}

/** What its query tells. */
export interface Told {
  readonly execution: string;
  readonly updates: readonly string[];
}

/** What the handler of an update waits for. */
export const SLOW_KINDS = ['timer', 'work', 'call', 'never'] as const;
export type SlowKind = (typeof SLOW_KINDS)[number];

/** What an update asks of the ledgers: as its handler begins, while it waits, and behind that. */
export const slowEntry = (id: string, part: 'begun' | 'call' | 'done'): string => `${id}.${part}:0`;

export type IfExists = 'reject' | 'attach' | 'replace';

/** A start of a life; `later`: so many milliseconds from then. */
export interface LifeStart {
  readonly token: string;
  readonly actions: readonly LifeAction[];
  readonly ifExists: IfExists;
  readonly later?: number;
  /** Whether it is not kept long once it has ended. */
  readonly isShort?: true;
}

/** One thing that a client does with a life, after the one before has been answered. */
export type LifeStep =
  /** Starts it, several times at once if there are several. */
  | { readonly do: 'starts'; readonly of: readonly LifeStart[] }
  | { readonly do: 'raise'; readonly count: number }
  /** Updates whose answers are not waited for: the instance may be suspended. `isBad`: their handler throws. */
  | { readonly do: 'update'; readonly count: number; readonly isBad?: true }
  /**
   * Updates whose handlers wait: for a timer, an activity, a ledger, or for what never comes. `isBad`: they throw behind that.
   */
  | { readonly do: 'slow'; readonly of: readonly SlowKind[]; readonly isBad?: true }
  | { readonly do: 'query' }
  | { readonly do: 'suspend' | 'resume'; readonly isDeep?: true }
  | { readonly do: 'cancel' }
  | { readonly do: 'terminate'; readonly isShallow?: true }
  | { readonly do: 'rewind' }
  | { readonly do: 'restart' }
  | { readonly do: 'purge' }
  /** Waits for the result. */
  | { readonly do: 'end' }
  | { readonly do: 'pause'; readonly milliseconds: number };

/** What a client does with a life. `name` is unique in the simulation. */
export interface LiveAction {
  readonly do: 'live';
  readonly name: string;
  readonly instanceId: string;
  readonly steps: readonly LifeStep[];
  readonly await?: boolean;
}

/** The ledgers of lives: no client of the first family knows them. */
export const LIFE_LEDGERS = ['k0', 'k1', 'k2'];

/** All that lives are called begins so. */
export const LIFE = 'life-';

/** So long a short life is kept, in milliseconds. */
export const SHORT = 2_000;

/** The data of the nth event that a life is raised. */
export const noteOf = (name: string, n: number): string => `${name}!${n}`;

/** The token of a run, from the input of its execution. */
export function tokenOf(input: Json | undefined): string | undefined {
  return (input as { readonly token?: string } | undefined)?.token;
}
