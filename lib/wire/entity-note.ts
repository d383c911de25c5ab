import type { EntityHead } from './head.js';

/** What entities are looked for by, apart from their names and keys. */
export interface EntitySummary {
  /** When the last operation was taken that was recorded, in milliseconds since 1970. */
  readonly updatedAt: number;
  /** Whether it exists; else only operations wait in it for their times, or one is under way. */
  readonly exists: boolean;
}

const format = 1;

export function entitySummaryOf({ updatedAt, state, stateRef }: EntityHead): EntitySummary {
  return { updatedAt, exists: state !== undefined || stateRef !== undefined };
}

/** The note beside an entity's head. */
export function entityNoteOf(head: EntityHead): string {
  const { updatedAt, exists } = entitySummaryOf(head);
  return JSON.stringify([format, updatedAt, exists ? 1 : 0]);
}

/** What a note says; undefined: nothing that this version can read, so that the head has to be read. */
export function readEntityNote(note: string | undefined): EntitySummary | undefined {
  const fields = note === undefined ? undefined : /^\[1,([0-9.e+]{1,32}),([01])\]$/.exec(note);
  if (!fields) return undefined;
  const updatedAt = Number(fields[1]);
  return Number.isFinite(updatedAt) ? { updatedAt, exists: fields[2] === '1' } : undefined;
}
