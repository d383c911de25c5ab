import { CancelledError } from '../errors.js';
import type { ParentInstance } from './history.js';
import type { Labels } from './labels.js';
import { Patches } from './patches.js';
import type { Json } from './values.js';

/** What an execution knows besides its tasks, shared by the executor and the context that user code sees. */
export interface Execution {
  readonly instanceId: string;
  executionId: string;
  /** How it is replayed (replay-behaviour.ts). */
  behaviour: number;
  parent: ParentInstance | undefined;
  input: Json | undefined;
  labels: Labels;
  /** Whether it is to clean up and end. */
  isCanceled: boolean;
  isReplaying: boolean;
  /** Milliseconds since 1970; never goes back. */
  now: number;
  /** null: none. */
  customStatus: Json;
  /** Set once `continueAsNew` was called. */
  continuation: Continuation | undefined;
  readonly patches: Patches;
}

/** What `continueAsNew` asked for. */
export interface Continuation {
  readonly input?: Json;
  readonly version?: string;
  readonly keepsEvents: boolean;
}

/** Tells, from now on, whether what is asked for now is wanted no more: the execution was canceled behind it. */
export function cancellationOf(execution: Execution): () => CancelledError | undefined {
  const isCleanup = execution.isCanceled;
  return () => (execution.isCanceled && !isCleanup ? new CancelledError(execution.instanceId, undefined) : undefined);
}

export function newExecution(instanceId: string): Execution {
  return {
    instanceId,
    executionId: '',
    behaviour: 0,
    parent: undefined,
    input: undefined,
    labels: {},
    isCanceled: false,
    isReplaying: false,
    now: 0,
    customStatus: null,
    continuation: undefined,
    patches: new Patches(),
  };
}
