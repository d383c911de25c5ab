import type { ActivationCache } from './activation-cache.js';
import type { Directory } from './delegation.js';
import type { Loops } from './loops.js';
import type { MailLimits } from './mail-limits.js';
import type { UserCode } from './user-code.js';

/** How a partition is run, and what it shares with others. */
export interface RunOptions {
  readonly activations: ActivationCache;
  readonly stopTimeoutInMilliseconds: number;
  readonly mail: MailLimits;
  readonly directory: Directory | undefined;
  readonly loops: Loops;
  readonly code: UserCode;
}
