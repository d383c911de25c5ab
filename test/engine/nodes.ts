import { EntityContext, EntityOperationFailedError } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

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

  @Operation({ readonly: true }) all(): Node['state'] {
    return this.state;
  }
}
