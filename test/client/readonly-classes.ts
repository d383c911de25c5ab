import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

/** A list that is read and written. */
@Entity('ledger', { mailboxLimit: 40 })
export class Ledger {
  state = { entries: [] as number[] };

  @Operation() add(amount: number): number {
    return this.state.entries.push(amount);
  }

  @Operation() async addSlowly(milliseconds: number, ctx: EntityContext): Promise<void> {
    await new Promise((resolve) => {
      ctx.signal.addEventListener('abort', resolve);
      waits.push([milliseconds, () => resolve(undefined)]);
    });
    this.state.entries.push(milliseconds);
  }

  @Operation({ readonly: true }) all(): number[] {
    return this.state.entries;
  }

  @Operation({ readonly: true }) text(length: number): string {
    return 'x'.repeat(length);
  }

  @Operation({ readonly: true, input: String }) lengthOf(text: string): number {
    return text.length;
  }

  @Operation({ readonly: true }) break(): void {
    this.state.entries.push(1);
  }

  @Operation({ readonly: true }) fail(): void {
    throw new RangeError('no such page');
  }

  @Operation({ readonly: true }) async later(): Promise<number> {
    await Promise.resolve();
    return this.state.entries.length;
  }

  @Operation() close(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}

/** What `addSlowly` waits for: whoever runs it ends it. */
export const waits: (readonly [milliseconds: number, end: () => void])[] = [];

/** The same entity as an older client knows it: there `add` is readonly. */
@Entity('ledger')
export class OldLedger {
  state = { entries: [] as number[] };
  @Operation({ readonly: true }) add(amount: number): number {
    return amount;
  }
}
