import type { OrchestrationStatus } from '../client/orchestration-status.js';
import type { OrchestrationHandle } from '../client/orchestration-handle.js';
import type { TaskHubClient } from '../client/task-hub-client.js';
import { RefusedRequestError } from '../errors.js';
import type { KnownClasses } from './known-classes.js';
import type { ManagementUrls } from '../client/management-urls.js';
import type { Limits } from './options.js';
import type { Problem } from './problem.js';
import type { WaitPlaces } from './wait-places.js';

/** What the routes work with. */
export interface Service {
  readonly client: TaskHubClient;
  readonly classes: KnownClasses;
  readonly urls: ManagementUrls;
  readonly limits: Limits;
  readonly places: WaitPlaces;
  /** What stands before all routes. */
  readonly basePath: string;
  /** The origin under which others reach the API. */
  origin(request: Request): string;
  /** What is said of an error; `onError` is told of what is nobody else's to know. */
  readonly problemOf: (error: unknown) => Problem;
}

/** How an instance stands once it has ended, or the time has run out, or there is no place to wait. */
export async function statusAfterWait(
  { limits, places }: Service,
  handle: OrchestrationHandle,
  milliseconds: number,
  signal: AbortSignal,
): Promise<OrchestrationStatus> {
  const leave = places.take();
  if (leave) {
    const timeoutInMilliseconds = Math.min(milliseconds, limits.maxWaitInMilliseconds);
    try {
      await handle.result({ timeoutInMilliseconds, signal }).catch(() => {}); // how it ended its status tells, or that it has not
    } finally {
      leave();
    }
  }
  return handle.status();
}

/** A place to wait. Throws RefusedRequestError. */
export function placeFor({ places }: Service): () => void {
  const leave = places.take();
  if (leave) return leave;
  throw new RefusedRequestError(503, 'Too many requests wait here already.');
}
