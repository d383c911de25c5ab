import { readdirSync, readFileSync } from 'node:fs';
import type { HistoryEvent } from 'perdure';

/** A run of a program, as a build lived through it: one file. */
export interface RecordedRun {
  /** The instance that a client started. */
  readonly instanceId: string;
  /** How it ended. */
  readonly outcome: { readonly runtimeStatus: string; readonly output?: unknown; readonly failure?: string };
  /** All executions of all instances that took part, each with its whole history. */
  readonly executions: readonly { readonly instanceId: string; readonly history: readonly HistoryEvent[] }[];
}

/** JSON without the stacks of failures: they name files of the machine that recorded them, and nothing depends on them. */
export function withoutStacks(json: string): string {
  return JSON.stringify(JSON.parse(json, (key, value: unknown) => (key === 'stack' ? undefined : value)));
}

export const folder = 'test/histories';

/** The runs that were recorded, by name. */
export function recordedRuns(): ReadonlyMap<string, RecordedRun> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as RecordedRun,
    ]),
  );
}
