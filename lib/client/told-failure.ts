import type { FailureDetails } from '../errors.js';

/** As whoever is far away may see it. */
export function withoutStacks(failure: FailureDetails): FailureDetails {
  const { stack: _, cause, errors, ...rest } = failure;
  return {
    ...rest,
    ...(cause && { cause: withoutStacks(cause) }),
    ...(errors && { errors: errors.map(withoutStacks) }),
  };
}
