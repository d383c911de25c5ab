import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import type { MailLimits } from '../../lib/engine/mail-limits.js';
import type { MemoryHub } from '../../lib/memory/hub.js';

/** What slow operations wait for, in the process that is up now. */
export const gate = {
  open: (): void => {},
  opened: Promise.resolve(),
  close(): void {
    gate.opened = new Promise((resolve) => (gate.open = resolve));
  },
};

@Entity('queue')
export class Queue {
  state: { seen: string[] } = { seen: [] };
  @Operation({ input: String }) add(id: string): number {
    return this.state.seen.push(id);
  }
  /** Waits for the gate. */
  @Operation({ input: String }) async slowly(id: string): Promise<number> {
    await gate.opened;
    return this.state.seen.push(id);
  }
}

@Entity('teller')
export class Teller {
  state = { told: 0 };
  /** Tells the slow queue `teller.<n>`. */
  @Operation({ input: String }) tell(to: string, context: EntityContext): void {
    context.signalEntity(Queue, to).slowly(`${context.entityId.key}.${this.state.told++}`);
  }
}

/** Small bounds, so that few messages reach them. */
export const small: Partial<MailLimits> = {
  inputs: 20,
  bytes: 6_000,
  age: 100,
  sequences: 30,
  laterBytes: 6_000,
  crowd: 800,
  kept: 300,
  pageBytes: 1_000,
  pageMessages: 5,
};

/** The subjects of the pages of parked messages that are stored. */
export function pagesOf(hub: MemoryHub, partition = 0): string[] {
  return Array.from(hub.streams(partition).state.all(), ({ subject }) => subject).filter((subject) =>
    subject.startsWith(`pd.${hub.name}.${partition}.k.`),
  );
}
