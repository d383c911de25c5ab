import { Entity, Operation } from 'perdure/decorators';

/** One entity as it was deployed in three versions. */

/** The first one has no version: a list of names. */
@Entity('cart')
export class CartV1 {
  state: string[] = [];
  @Operation({ input: String }) add(name: string): number {
    return this.state.push(name);
  }
  @Operation({ readonly: true }) look(): string[] {
    return [...this.state];
  }
}

/** The second one counts. */
@Entity('cart', { stateVersion: 2 })
export class CartV2 {
  state: { items: Record<string, number> } = { items: {} };
  static migrate(old: unknown): CartV2['state'] {
    const names = old as string[];
    if (names.includes('poison')) throw new Error('poison cannot be counted');
    const items: Record<string, number> = {};
    for (const name of names) items[name] = (items[name] ?? 0) + 1;
    return { items };
  }
  @Operation({ input: String }) add(name: string): number {
    return (this.state.items[name] = (this.state.items[name] ?? 0) + 1);
  }
  @Operation({ readonly: true }) look(): Record<string, number> {
    return this.state.items;
  }
  @Operation() touch(): void {}
  @Operation() fail(): void {
    this.state.items = {};
    throw new Error('no');
  }
}

/** The third one knows of both, and takes poison. */
@Entity('cart', { stateVersion: 3 })
export class CartV3 {
  state: { items: Record<string, number>; owner: string } = { items: {}, owner: 'nobody' };
  static migrate(old: unknown, fromVersion: number): CartV3['state'] {
    const former = fromVersion === 1 ? { items: countOf(old as string[]) } : (old as CartV2['state']);
    return { ...former, owner: `from ${fromVersion}` };
  }
  @Operation({ input: String }) add(name: string): number {
    return (this.state.items[name] = (this.state.items[name] ?? 0) + 1);
  }
  @Operation({ readonly: true }) look(): CartV3['state'] {
    return this.state;
  }
}

function countOf(names: readonly string[]): Record<string, number> {
  const items: Record<string, number> = {};
  for (const name of names) items[name] = (items[name] ?? 0) + 1;
  return items;
}
