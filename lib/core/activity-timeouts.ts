import { ConfigError } from '../errors.js';
import { longestDuration } from './fire-time.js';

/** How long an activity may take. */
export interface ActivityTimeouts {
  /**
   * How long one run of the code may take, in milliseconds; above 0, at most 100 years. Then its signal is aborted, and
   * the attempt has failed with ActivityTimedOutError. Default: no limit.
   */
  readonly startToCloseTimeoutInMilliseconds?: number | undefined;
  /**
   * How long an attempt may take from the call to its end, in milliseconds, waiting for a worker and runs that a crash
   * ended included; above 0, at most 100 years. Then it has failed with ActivityTimedOutError. Default: no limit.
   */
  readonly scheduleToCloseTimeoutInMilliseconds?: number | undefined;
}

/** A timeout that cannot work, as `option must be ..., got ...`; undefined: both can. */
export function timeoutFault(given: ActivityTimeouts): string | undefined {
  for (const option of options) {
    const value = given[option];
    if (value === undefined || (typeof value === 'number' && value > 0 && value <= longestDuration)) continue;
    return `${option} must be above 0 and at most 100 years, got ${String(value)}`;
  }
  return undefined;
}

const options = ['startToCloseTimeoutInMilliseconds', 'scheduleToCloseTimeoutInMilliseconds'] as const;

/** The timeouts as a call records them, given the time of the turn. Throws ConfigError. */
export function recordedTimeouts(
  given: ActivityTimeouts,
  now: number,
): { readonly timeout?: number; readonly deadline?: number } {
  const fault = timeoutFault(given);
  if (fault !== undefined) throw new ConfigError(`Activity option ${fault}.`);
  const { startToCloseTimeoutInMilliseconds: run, scheduleToCloseTimeoutInMilliseconds: whole } = given;
  return {
    ...(run !== undefined && { timeout: Math.ceil(run) }),
    ...(whole !== undefined && { deadline: now + Math.ceil(whole) }),
  };
}

/** What a call says holds before what the activity's class says. */
export function chosenTimeouts(call: ActivityTimeouts, declared: ActivityTimeouts): ActivityTimeouts {
  return {
    startToCloseTimeoutInMilliseconds:
      call.startToCloseTimeoutInMilliseconds ?? declared.startToCloseTimeoutInMilliseconds,
    scheduleToCloseTimeoutInMilliseconds:
      call.scheduleToCloseTimeoutInMilliseconds ?? declared.scheduleToCloseTimeoutInMilliseconds,
  };
}
