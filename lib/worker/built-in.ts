import type { Hosted } from '../definitions/registry.js';
import { hostedForSchedules } from '../schedules/schedule.js';
import { HttpRequests, type HttpOptions } from './http-requests.js';

/** What a worker hosts beside what it was given. Throws ConfigError for token sources that are none. */
export function builtInFor({ orchestrators, activities }: Hosted, http: HttpOptions | false): Hosted {
  const hasOrchestrators = isSome(orchestrators);
  const sends = http !== false && (hasOrchestrators || isSome(activities));
  return {
    ...(hasOrchestrators && hostedForSchedules),
    ...(sends && { activities: [new HttpRequests(http)] }),
  };
}

function isSome(list: readonly unknown[] | undefined): boolean {
  return (list?.length ?? 0) > 0;
}
