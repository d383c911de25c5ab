import { setTimeout as delay } from 'node:timers/promises';
import type { TaskHubClient } from 'perdure';

/** A start that nobody knew of has had all the time to end; only that it has ended has to be told, in milliseconds. */
export const LATE = 20_000;
/** Something that is to come is looked for again after so many milliseconds. */
export const LOOK = 500;
/** In the end each partition must have an owner that answers, in milliseconds. */
const LATE_READ = 60_000;

/** What an entity holds, by an exact read. */
export async function held<E extends { state: unknown }>(
  client: TaskHubClient,
  entity: new () => E,
  key: string,
): Promise<E['state'] | undefined> {
  for (const deadline = performance.now() + LATE_READ; performance.now() < deadline;) {
    const { entityState, source } = await client.readEntityState(entity, key);
    if (source === 'owner') return entityState;
  }
  throw new Error(`Nobody owned ${key} for ${LATE_READ} ms at the end of the run.`);
}

/** Some at a time. */
export async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await run(item);
  };
  await Promise.all(Array.from({ length: 20 }, one));
}

/** A release may be on its way. */
export async function isLocked(
  client: TaskHubClient,
  entity: new () => { state: unknown },
  key: string,
): Promise<boolean> {
  for (let waited = 0; waited < LATE; waited += LOOK) {
    if ((await client.readEntityState(entity, key)).lockedBy === undefined) return false;
    await delay(LOOK);
  }
  return true;
}
