import { isRuntimeStatus, type OrchestrationHead, type RuntimeStatus } from './head.js';
import { isLonger } from './value-limits.js';

/** What instances are looked for by, apart from their ids. */
export interface HeadSummary {
  readonly name: string;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The first execution of the run. */
  readonly run: string;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The run of another instance that started it, and waits for its end or did. */
  readonly parent?: ParentRun | undefined;
}

/** A run of an instance that has started others. */
export interface ParentRun {
  readonly instanceId: string;
  readonly runId: string;
}

/** The longest note of a view, in bytes: with the other headers it stays within what is left of a message for them. */
export const maxNoteBytes = 800;

const format = 1;

export function summaryOf(head: OrchestrationHead): HeadSummary {
  const { name, createdAt, updatedAt, run = head.executionId, tags, parent } = head;
  const summary = { name, status: shownStatus(head), createdAt, updatedAt, run, tags };
  if (!parent) return summary;
  // Of its first execution the id of a run is that of the execution.
  return { ...summary, parent: { instanceId: parent.instanceId, runId: parent.run ?? parent.executionId } };
}

/** The state as it is shown: between two executions it goes on, as soon as somebody has its code. */
export function shownStatus({ status }: Pick<OrchestrationHead, 'status'>): RuntimeStatus {
  return status === 'ContinuedAsNew' ? 'Running' : status;
}

/** The note beside a head; undefined: it would be too long, and who looks for the instance has to read the head. */
export function noteOf(head: OrchestrationHead): string | undefined {
  const { name, status, createdAt, updatedAt, run, tags, parent } = summaryOf(head);
  const fields = [format, name, status, createdAt, updatedAt, run];
  const note = JSON.stringify(
    parent ? [...fields, tags ?? {}, [parent.instanceId, parent.runId]] : tags ? [...fields, tags] : fields,
  );
  return isLonger(note, maxNoteBytes) ? undefined : note;
}

/** How a text stands in a note that has it. */
export function inNote(text: string): string {
  return JSON.stringify(text);
}

/** How a tag stands in a note that has it. */
export function tagInNote(name: string, value: string): string {
  return `${inNote(name)}:${inNote(value)}`;
}

/** False: a note with this text is of an instance that nobody waits for. It is quicker to ask than to read the note. */
export function mayHaveParent(note: string): boolean {
  return note.endsWith(']]');
}

/** What a note says; undefined: nothing that this version can read, so that the head has to be read. */
export function readNote(note: string | undefined): HeadSummary | undefined {
  const fields = note === undefined ? undefined : parsed(note);
  if (!Array.isArray(fields) || fields[0] !== format) return undefined;
  const [, name, status, createdAt, updatedAt, run, tags, parent] = fields as unknown[];
  if (typeof name !== 'string' || typeof run !== 'string' || !isRuntimeStatus(status)) return undefined;
  if (typeof createdAt !== 'number' || typeof updatedAt !== 'number' || !areTags(tags)) return undefined;
  const summary = { name, status, createdAt, updatedAt, run, tags };
  if (parent === undefined) return summary;
  return isParent(parent) ? { ...summary, parent: { instanceId: parent[0], runId: parent[1] } } : undefined;
}

function parsed(note: string): unknown {
  try {
    return JSON.parse(note);
  } catch {
    return undefined;
  }
}

function isParent(value: unknown): value is readonly [instanceId: string, runId: string] {
  return Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === 'string');
}

function areTags(tags: unknown): tags is Readonly<Record<string, string>> | undefined {
  if (tags === undefined) return true;
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return false;
  return Object.values(tags).every((value) => typeof value === 'string');
}
