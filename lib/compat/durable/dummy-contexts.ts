import { randomUUID } from 'node:crypto';
import { InvocationContext, type LogHandler } from '../functions/invocation-context.js';
import type { DurableEntityContext, EntityContext } from './entity-context.js';
import type { DurableOrchestrationContext, OrchestrationContext } from './orchestration-context.js';

const log: LogHandler = (_level, ...args) => console.log(...args);

/**
 * A context for tests of orchestrators: set its `df` to what the test needs.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * const context = new df.DummyOrchestrationContext();
 * context.df = { getInput: () => ['Tokyo'] } as unknown as df.DurableOrchestrationContext;
 * ```
 */
export class DummyOrchestrationContext extends InvocationContext implements OrchestrationContext {
  /** What the test sets. */
  df: DurableOrchestrationContext;

  /** All may be left away. */
  constructor(functionName = 'dummyContextFunctionName', invocationId: string = randomUUID(), logHandler = log) {
    super({ functionName, invocationId, logHandler });
    this.df = undefined as unknown as DurableOrchestrationContext;
  }
}

/**
 * A context for tests of entities: set its `df` to what the test needs.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * const context = new df.DummyEntityContext<number>();
 * context.df = { operationName: 'get', getState: () => 7 } as unknown as df.DurableEntityContext<number>;
 * ```
 */
export class DummyEntityContext<T> extends InvocationContext implements EntityContext<T> {
  /** What the test sets. */
  df: DurableEntityContext<T>;

  /** All may be left away. */
  constructor(functionName = 'dummyContextFunctionName', invocationId: string = randomUUID(), logHandler = log) {
    super({ functionName, invocationId, logHandler });
    this.df = undefined as unknown as DurableEntityContext<T>;
  }
}
