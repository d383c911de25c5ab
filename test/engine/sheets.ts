import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

/** A text of a length for one cell, like no other. */
export const filling = (at: number, length: number): string => `${at}.`.repeat(length).slice(0, length);

/** An entity whose state is large, and changes by little. */
@Entity('sheet')
export class Sheet {
  state: { cells: string[]; changes: number } = { cells: [], changes: 0 };

  /** So many cells of so many characters each. */
  @Operation({ input: 'unknown' }) fill([count, length]: [number, number]): void {
    this.state.cells = Array.from({ length: count }, (_, at) => filling(at, length));
  }
  @Operation({ input: 'unknown' }) write([at, text]: [number, string]): number {
    this.state.cells[at] = text;
    return ++this.state.changes;
  }
  /** The same with a state of its own making. */
  @Operation({ input: 'unknown' }) rewrite([at, text]: [number, string]): number {
    this.state = { changes: this.state.changes + 1, cells: this.state.cells.with(at, text) };
    this.state = { cells: this.state.cells, changes: this.state.changes };
    return this.state.changes;
  }
  @Operation({ input: 'unknown' }) async slowly([at, text]: [number, string], context: EntityContext): Promise<number> {
    await context.callEntity(Sheet, `${context.entityId.key}-other`).write([0, text]);
    this.state.cells[at] = text;
    return ++this.state.changes;
  }
  @Operation({ input: Number }) keep(count: number): void {
    this.state.cells.splice(count);
  }
  @Operation({ readonly: true }) sum(): readonly [cells: number, changes: number] {
    return [this.state.cells.length, this.state.changes];
  }
  @Operation() refuse(): void {
    this.state.cells = [];
    throw new Error('refused');
  }
  @Operation() burn(): void {
    this.state = undefined as never;
  }
}
