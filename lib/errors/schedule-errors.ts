import { PerdureError } from './perdure-error.js';

/** A schedule cannot be as it is given: its times, its time zone, its limits or what it starts; the text says what. */
export class InvalidScheduleError extends PerdureError {
  readonly code = 'PERDURE_INVALID_SCHEDULE';
}

/** A schedule with this id exists. */
export class ScheduleExistsError extends PerdureError {
  readonly code = 'PERDURE_SCHEDULE_EXISTS';
  constructor(
    /** The id that is in use. */
    readonly scheduleId: string,
  ) {
    super(`A schedule with id "${scheduleId}" exists. Update it, delete it first, or use another id.`);
  }
}

/** There is no schedule with this id. */
export class ScheduleNotFoundError extends PerdureError {
  readonly code = 'PERDURE_SCHEDULE_NOT_FOUND';
  constructor(
    /** The id asked for. */
    readonly scheduleId: string,
  ) {
    super(`There is no schedule with id "${scheduleId}": it was deleted, or never created.`);
  }
}
