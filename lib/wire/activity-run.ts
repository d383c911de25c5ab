import { count, object, optional } from './shapes.js';
import { yes } from './history-shapes.js';

/** How often an activity was begun. Without it: once, by the owner that recorded the call. */
export interface ActivityRun {
  readonly id: number;
  /** The number of its latest run, from 1. */
  readonly attempt: number;
  /** How many runs before that one ended with their process. */
  readonly lost: number;
  /** The latest run was ended in good order: its end is no loss. */
  readonly givenBack?: true;
}

export const activityRun = object<ActivityRun>({ id: count, attempt: count, lost: count, givenBack: optional(yes) });
