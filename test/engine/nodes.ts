import { EntityContext, EntityOperationFailedError, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/** Until it is open, operations of nodes wait before they call. */
export class Gate {
  isOpen: Promise<void> = Promise.resolve();
  open = (): void => {};

  shut(): void {
    this.isOpen = new Promise((resolve) => (this.open = resolve));
  }
}

export const gate = new Gate();
/** Until that is open, operations of nodes wait that end slowly. */
export const slow = new Gate();

/** Calls others along a path. */
@Entity('node')
export class Node {
  state = { ended: 0, refused: [] as string[] };

  /** Calls the first node of a path, which calls the next one. */
  @Operation({ input: 'unknown' }) async go([next, ...rest]: string[], context: EntityContext): Promise<number> {
    await gate.isOpen;
    try {
      if (next === 'slow') await slow.isOpen;
      else if (next !== undefined) await context.callEntity(Node, next).go(rest);
    } catch (error) {
      if (!(error instanceof EntityOperationFailedError)) throw error;
      const { code, fields = {} } = error.failureDetails;
      this.state.refused.push(`${code} ${(fields['cycle'] as string[]).join(' ')}`);
    }
    return ++this.state.ended;
  }

  @Operation() mark(): number {
    return ++this.state.ended;
  }

  @Operation({ readonly: true }) all(): Node['state'] {
    return this.state;
  }
}

/** What a critical section of nodes does. */
export interface Held {
  readonly keys: readonly string[];
  /** What it calls under the lock, as a node does along a path. */
  readonly path?: readonly [string, ...string[]];
}

/** Locks nodes, and calls one of them. */
@Orchestrator('holding')
export class Holding {
  @Run({ input: 'unknown' }) *run({ keys, path }: Held, context: OrchestrationContext): Orchestration<string> {
    using _lock = yield* context.lock(...keys.map((key) => ['node', key] as const));
    if (path) yield* context.callEntity('node', path[0], 'go', path.slice(1));
    return 'done';
  }
}

/** Calls each of some nodes in a transaction. */
@Orchestrator('trading')
export class Trading {
  @Run({ input: 'unknown' }) *run({ keys }: Held, context: OrchestrationContext): Orchestration<string> {
    const all = keys.map((key) => ['node', key] as const);
    yield* context.transaction(all, function* (...participants) {
      for (const participant of participants) yield* participant('mark');
    });
    return 'done';
  }
}
