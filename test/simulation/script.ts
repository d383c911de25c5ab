import type { JarAction } from './jar-script.js';
import type { LiveAction } from './lifecycle-script.js';
import type { PokeAction, RelayAction, SectionAction } from './lock-script.js';
import type { TimeAction } from './time-script.js';
import type { MarkAction, PeekAction, TradeAction } from './transaction-script.js';

/** The programs of a simulation: data, run by the interpreter in actors.ts and by the model in expectation.ts. */

/** One thing that a scripted orchestrator does. `id` is unique in the simulation. */
export type Action =
  /** An activity; `isRemote`: of a work queue. */
  | { readonly do: 'work'; readonly id: string; readonly isRemote?: true }
  /** An activity that fails so many times before it succeeds, tried at most so often. */
  | {
      readonly do: 'retry';
      readonly id: string;
      readonly failures: number;
      readonly attempts: number;
    }
  /** Calls a ledger; `slow`: an operation that waits for something outside. */
  | {
      readonly do: 'call';
      readonly key: string;
      readonly id: string;
      readonly slow?: true;
    }
  /** Signals a ledger. */
  | {
      readonly do: 'signal';
      readonly key: string;
      readonly id: string;
      readonly slow?: true;
    }
  /** Signals a ledger that signals another one. */
  | {
      readonly do: 'forward';
      readonly key: string;
      readonly to: string;
      readonly id: string;
    }
  /** Signals a ledger that calls others, one after another. */
  | {
      readonly do: 'ask';
      readonly key: string;
      readonly of: readonly string[];
      readonly id: string;
    }
  /** Calls an operation that changes, signals and then throws. */
  | { readonly do: 'refuse'; readonly key: string; readonly id: string }
  | {
      readonly do: 'transfer';
      readonly from: string;
      readonly to: string;
      readonly amount: number;
    }
  | { readonly do: 'timer'; readonly milliseconds: number }
  /** Waits for all of these, begun together. */
  | { readonly do: 'all'; readonly of: readonly Awaitable[] }
  /** An activity against a timer of an hour. */
  | { readonly do: 'race'; readonly id: string }
  /** A short timer against an event that never comes. */
  | { readonly do: 'timeout'; readonly milliseconds: number }
  | {
      readonly do: 'sub';
      readonly instanceId: string;
      readonly of: readonly Action[];
    }
  /** Waits for so many external events, which its client raises. */
  | { readonly do: 'events'; readonly count: number }
  /** Starts a child that raises an event at this instance, and waits for both. */
  | { readonly do: 'tell'; readonly instanceId: string; readonly id: string }
  | { readonly do: 'try'; readonly of: readonly Action[] }
  | { readonly do: 'throw'; readonly id: string }
  | { readonly do: 'status'; readonly id: string }
  /** Calls a slow operation and an activity, and goes on without their results; they may come to another execution. */
  | { readonly do: 'abandon'; readonly key: string; readonly id: string }
  | { readonly do: 'continue' };

/** What ends with a task of its own. */
export type Awaitable = Extract<Action, { readonly do: 'work' | 'retry' | 'call' | 'timer' }>;

/** What a scripted orchestrator is started with, and continues as new with. */
export interface Script {
  readonly actions: readonly Action[];
  /** What it has noted so far. */
  readonly noted: Noted;
}

/** What a scripted orchestrator returns. */
export interface Noted {
  /** The same in every run. */
  readonly said: readonly string[];
  /** Versions that calls of ledgers returned: key, id, version. */
  readonly versions: readonly (readonly [key: string, id: string, version: number])[];
  /** Timers: due, and the time at which the code went on. */
  readonly timers: readonly (readonly [due: number, fired: number])[];
}

export const nothingNoted: Noted = { said: [], versions: [], timers: [] };

/** What a client does, one thing after another; `await`: it waits for the end of this one before the next. */
export type ClientAction = { readonly await?: boolean } & (
  | {
      readonly do: 'start';
      readonly instanceId: string;
      readonly actions: readonly Action[];
      readonly isNamed: boolean;
    }
  | {
      readonly do: 'signal';
      readonly key: string;
      readonly id: string;
      readonly slow?: true;
    }
  | {
      readonly do: 'call';
      readonly key: string;
      readonly id: string;
      readonly slow?: true;
    }
  | { readonly do: 'refuse'; readonly key: string; readonly id: string }
  | {
      readonly do: 'forward';
      readonly key: string;
      readonly to: string;
      readonly id: string;
    }
  | {
      readonly do: 'ask';
      readonly key: string;
      readonly of: readonly string[];
      readonly id: string;
    }
  | {
      readonly do: 'raise';
      readonly instanceId: string;
      readonly count: number;
    }
  | { readonly do: 'put'; readonly key: string; readonly value: number }
  | { readonly do: 'clear'; readonly key: string }
  | { readonly do: 'read'; readonly key: string }
  | { readonly do: 'garbage'; readonly to: string }
  /** A message for an instance of one partition in the mail of another. */
  | { readonly do: 'astray'; readonly key: string; readonly id: string }
  | { readonly do: 'pause'; readonly milliseconds: number }
  | LiveAction
  | SectionAction
  | PokeAction
  | RelayAction
  | TradeAction
  | PeekAction
  | MarkAction
  | { readonly do: 'jar'; readonly action: JarAction }
  | TimeAction
);

/** What one client does; one that may die is waited for by nobody. */
export interface ClientScript {
  readonly name: string;
  readonly mayDie: boolean;
  readonly actions: readonly ClientAction[];
}

/** How workers go over from one version of their code to the next; times in virtual milliseconds. */
export interface Deployment {
  /** When each process is replaced by one of the next version. */
  readonly replaced: Readonly<Record<string, number>>;
  /** Meanwhile partitions go to and fro between workers of both versions. */
  readonly moves: readonly { readonly at: number; readonly worker: string; readonly partition: number }[];
}

/** What a whole simulation does. */
export interface Program {
  readonly partitions: number;
  /** What its third client does to one partition, and from when on, in virtual milliseconds. */
  readonly focus?: { readonly on: 'reads' | 'asks'; readonly partition: number; readonly from: number } | undefined;
  /** Default: all workers have the present version of the code. */
  readonly deployment?: Deployment | undefined;
  readonly clients: readonly ClientScript[];
}
